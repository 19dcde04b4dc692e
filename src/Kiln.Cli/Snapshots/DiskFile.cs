using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Kiln.Cli.Snapshots;

/// <summary>The file that a download fills: written past the page cache where the file system can.</summary>
/// <remarks>
/// Fresh pages of the cache cost more than hashing and unpacking together, and nobody reads the disk back at once.
/// Runs of blocks get their space before they are written, so that direct writes need not wait for each other.
/// Thread-safe.
/// </remarks>
internal sealed class DiskFile : IDisposable
{
    private const int PageSize = 4096;

    private readonly SafeFileHandle _file;
    private readonly SafeFileHandle? _direct;

    /// <summary>Opens or makes the file with a length.</summary>
    public DiskFile(string path, long length)
    {
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        RandomAccess.SetLength(_file, length);
        _direct = Libc.OpenDirect(path);
    }

    /// <summary>Memory for a block that begins at a page, as direct writes want it.</summary>
    public static Memory<byte> Buffer()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(RawImage.BlockSize + PageSize, pinned: true);
        var address = (nuint)Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0);
        var from = (int)(((address + PageSize - 1) & ~(nuint)(PageSize - 1)) - address);
        return bytes.AsMemory(from, RawImage.BlockSize);
    }

    /// <summary>Gets space for blocks that are going to be written; ascending indexes.</summary>
    public void Reserve(IEnumerable<int> blocks)
    {
        if (_direct is null)
            return;
        long from = -1, to = -1;
        foreach (var index in blocks.Append(-1))
        {
            var at = (long)index * RawImage.BlockSize;
            if (at == to)
            {
                to += RawImage.BlockSize;
                continue;
            }
            // Only a favour: a file system that cannot do it gives space with the writes.
            if (to > from)
                _ = Libc.Allocate(_file, from, to - from);
            (from, to) = (at, at + RawImage.BlockSize);
        }
    }

    /// <summary>Reads a block.</summary>
    public int Read(int index, Span<byte> block) =>
        RandomAccess.Read(_file, block, (long)index * RawImage.BlockSize);

    /// <summary>Writes a block.</summary>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public void Write(int index, ReadOnlySpan<byte> block)
    {
        var at = (long)index * RawImage.BlockSize;
        if (_direct is not null)
        {
            try
            {
                RandomAccess.Write(_direct, block, at);
                return;
            }
            catch (IOException refused) when (refused.HResult == Libc.InvalidArgument)
            {
                // A file system with other wishes for alignment: the page cache takes any.
            }
        }
        RandomAccess.Write(_file, block, at);
    }

    /// <summary>Makes all of it durable.</summary>
    public void Sync() => RandomAccess.FlushToDisk(_file);

    /// <inheritdoc/>
    public void Dispose()
    {
        _direct?.Dispose();
        _file.Dispose();
    }
}
