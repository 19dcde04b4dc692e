namespace Kiln.Simulation.Disks;

/// <summary>One call that reached the disk, in the order in which they came.</summary>
internal abstract record DiskOp
{
    /// <summary>Bytes at an offset of a file.</summary>
    internal sealed record Write(int File, long Offset, byte[] Bytes) : DiskOp;

    /// <summary>Another length.</summary>
    internal sealed record Resize(int File, long Length) : DiskOp;

    /// <summary>A range that reads as zeros from now on.</summary>
    internal sealed record Punch(int File, long Offset, long Length) : DiskOp;

    /// <summary>The file's bytes and length are durable; or, when it fails, what is not yet durable never
    /// will be, and perhaps is not even seen any more.</summary>
    internal sealed record Sync(int File, bool Fails = false, bool Evicts = false) : DiskOp;

    /// <summary>A new file, known by a number, under a path.</summary>
    internal sealed record Create(string Path, int File) : DiskOp;

    /// <summary>A path that is gone.</summary>
    internal sealed record Delete(string Path) : DiskOp;

    /// <summary>A path that is another, perhaps in the place of what was there.</summary>
    internal sealed record Rename(string From, string To) : DiskOp;

    /// <summary>What happened to the names of a folder is durable.</summary>
    internal sealed record SyncFolder(string Folder) : DiskOp;
}
