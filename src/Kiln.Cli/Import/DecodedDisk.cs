using Kiln.Cli.Snapshots;
using Kiln.Disks;

namespace Kiln.Cli.Import;

/// <summary>The disk inside an image file as a source of blocks.</summary>
internal sealed class DecodedDisk(DiskReader reader) : IDiskBlocks
{
    /// <inheritdoc/>
    public long Length => reader.Length;

    /// <inheritdoc/>
    public IEnumerable<int> DataBlocks()
    {
        var last = -1;
        foreach (var (start, end) in reader.Data())
        {
            for (var index = (int)Math.Max(start / RawImage.BlockSize, last + 1);
                (long)index * RawImage.BlockSize < end; index++)
                yield return last = index;
        }
    }

    /// <inheritdoc/>
    public bool Read(int index, Span<byte> block)
    {
        var at = (long)index * RawImage.BlockSize;
        var there = (int)Math.Min(block.Length, Length - at);
        reader.Read(at, block[..there]);
        block[there..].Clear();
        return block.ContainsAnyExcept((byte)0);
    }
}
