namespace Kiln.Cli.Snapshots;

/// <summary>A disk as a source of blocks for an upload. Safe for concurrent reads.</summary>
public interface IDiskBlocks
{
    /// <summary>Bytes of the disk.</summary>
    long Length { get; }

    /// <summary>The size of the smallest volume that holds it.</summary>
    int SizeGiB => (int)((Length + RawImage.GiB - 1) / RawImage.GiB);

    /// <summary>Indexes of the blocks that may have bytes, in ascending order.</summary>
    IEnumerable<int> DataBlocks();

    /// <summary>Reads a block; the last one is padded with zeros.</summary>
    /// <returns>False when it is all zeros.</returns>
    bool Read(int index, Span<byte> block);
}
