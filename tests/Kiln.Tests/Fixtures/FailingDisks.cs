using Kiln.Blocks;
using Kiln.Blocks.Backends;

namespace Kiln.Tests.Fixtures;

/// <summary>The server's own disks, with faults between it and them: all that it opens comes through here.</summary>
public sealed class FailingDisks
{
    private volatile bool _isFull;
    private volatile string? _refusesReads;
    private volatile string? _refusesSyncs;

    /// <summary>While it is set, no write finds room.</summary>
    public bool IsFull
    {
        get => _isFull;
        set => _isFull = value;
    }

    /// <summary>While it is set, reads of files with this in their names fail: EIO.</summary>
    public string? RefusesReads
    {
        get => _refusesReads;
        set => _refusesReads = value;
    }

    /// <summary>The same for syncs.</summary>
    public string? RefusesSyncs
    {
        get => _refusesSyncs;
        set => _refusesSyncs = value;
    }

    /// <summary>What the server is given.</summary>
    public IBackend Open(string directory) => new Folder(this, new FileBackend(directory));

    private void Write()
    {
        if (IsFull)
            throw new StoreFullException("No space left on device.");
    }

    private static void Refuse(string? part, string name)
    {
        if (part is not null && name.Contains(part, StringComparison.Ordinal))
            throw new IOException($"{name}: Input/output error.");
    }

    private sealed class Folder(FailingDisks disks, FileBackend folder) : IBackend
    {
        public ulong Boot => folder.Boot;

        public bool TryClaim(long bytes) => folder.TryClaim(bytes);

        public IBackendFile Create(string name, bool direct)
        {
            disks.Write();
            return new OpenFile(disks, name, folder.Create(name, direct));
        }

        public IBackendFile Open(string name, bool direct = false) =>
            new OpenFile(disks, name, folder.Open(name, direct));

        public IReadOnlyList<string> List(string folderName) => folder.List(folderName);

        public bool Exists(string name) => folder.Exists(name);

        public void Delete(string name) => folder.Delete(name);

        public void Rename(string from, string to) => folder.Rename(from, to);

        public void WriteAtomic(string name, ReadOnlySpan<byte> bytes)
        {
            disks.Write();
            Refuse(disks.RefusesSyncs, name);
            folder.WriteAtomic(name, bytes);
        }

        public void SyncFolder(string folderName) => folder.SyncFolder(folderName);

        public void Dispose() => folder.Dispose();
    }

    // No handle is given out: a reply that goes from the file to the socket would pass the faults by.
    private sealed class OpenFile(FailingDisks disks, string name, IBackendFile file) : IBackendFile
    {
        public long Length => file.Length;

        public bool HasHoles => file.HasHoles;

        public int Read(long offset, Span<byte> destination)
        {
            Refuse(disks.RefusesReads, name);
            return file.Read(offset, destination);
        }

        public Span<byte> ReadLarge(long offset, int length, Span<byte> scratch)
        {
            Refuse(disks.RefusesReads, name);
            return file.ReadLarge(offset, length, scratch);
        }

        public void Write(long offset, ReadOnlySpan<byte> source)
        {
            disks.Write();
            file.Write(offset, source);
        }

        public void Sync()
        {
            Refuse(disks.RefusesSyncs, name);
            file.Sync();
        }

        public void SetLength(long length) => file.SetLength(length);

        public void PunchHole(long offset, long length) => file.PunchHole(offset, length);

        public long Seek(long offset, bool data) => file.Seek(offset, data);

        public void Dispose() => file.Dispose();
    }
}
