namespace Kiln.Blocks.Packing;

/// <summary>What a run of recompression did.</summary>
public sealed class RecompressionReport
{
    /// <summary>Why it ended.</summary>
    public RecompressionEnd End { get; internal set; }

    /// <summary>Records that were compressed again.</summary>
    public long Records { get; internal set; }

    /// <summary>Their stored bytes before.</summary>
    public long BytesBefore { get; internal set; }

    /// <summary>Their stored bytes now.</summary>
    public long BytesAfter { get; internal set; }

    /// <summary>Records that stay as they are: their key is not to be had, or they are damaged (a check will say
    /// so).</summary>
    public long LeftAlone { get; internal set; }

    /// <summary>Segments that became empty and went to the trash.</summary>
    public int TrashedSegments { get; internal set; }

    /// <summary>Bytes of all segments when it ended.</summary>
    public long TotalBytes { get; internal set; }

    /// <summary>Of those, bytes in segments that need no further look.</summary>
    public long DenseBytes { get; internal set; }
}
