namespace Kiln.Blocks.Backends;

/// <summary>Where a store keeps its files. Names are relative, with '/' between folder and file.</summary>
/// <remarks>
/// Contract: what <see cref="IBackendFile.Sync"/> or <see cref="WriteAtomic"/> returned from survives the loss of
/// power; a write that returned survives the death of the process. All members are thread-safe. Refusals of the
/// world are <see cref="StoreFullException"/>, <see cref="StoreReadOnlyException"/> and <see cref="IOException"/>.
/// </remarks>
public interface IBackend : IDisposable
{
    /// <summary>Names one boot of the machine, never 0: while it is the same, written but unsynced bytes are there.
    /// </summary>
    ulong Boot { get; }

    /// <summary>Asks for room before data is added (not where it is replaced): the last of a disk is kept for the
    /// maps, logs and manifests of the store, and for the rows without which nothing could be deleted.</summary>
    /// <returns>False when only that is left.</returns>
    bool TryClaim(long bytes);

    /// <summary>As <see cref="TryClaim"/>.</summary>
    /// <exception cref="StoreFullException">Only that is left.</exception>
    void Claim(long bytes)
    {
        if (!TryClaim(bytes)) throw new StoreFullException("The disk is full but for what is kept for records.");
    }

    /// <summary>Creates a file that must not exist.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="direct">Aligned writes go past the page cache where possible: for large appends.</param>
    IBackendFile Create(string name, bool direct);

    /// <summary>Opens a file for reading and, unless the backend is read-only, writing.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="direct">As in <see cref="Create"/>; also for <see cref="IBackendFile.ReadLarge"/>.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    IBackendFile Open(string name, bool direct = false);

    /// <summary>Names (without the folder) of the files in a folder, in ordinal order.</summary>
    IReadOnlyList<string> List(string folder);

    /// <summary>True when the file exists.</summary>
    bool Exists(string name);

    /// <summary>Deletes a file; no error when there is none.</summary>
    void Delete(string name);

    /// <summary>Renames, replacing; durable after <see cref="SyncFolder"/> of both folders.</summary>
    void Rename(string from, string to);

    /// <summary>Writes a whole small file so that it is there entirely or not at all, durably.</summary>
    void WriteAtomic(string name, ReadOnlySpan<byte> bytes);

    /// <summary>Makes creations, renames and deletions in a folder durable.</summary>
    void SyncFolder(string folder);
}
