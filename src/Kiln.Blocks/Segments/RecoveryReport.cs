namespace Kiln.Blocks.Segments;

/// <summary>What opening a store found after an unclean stop.</summary>
public sealed class RecoveryReport
{
    /// <summary>Segments that had no footer and were scanned and sealed.</summary>
    public int ScannedSegments { get; internal set; }

    /// <summary>Records found whole by those scans.</summary>
    public int RecoveredRecords { get; internal set; }

    /// <summary>Records with a valid header whose bytes are not whole: a torn tail, or damage a check will
    /// name.</summary>
    public int TornRecords { get; internal set; }

    /// <summary>Of those scanned, segments that had been sealed: their footer has rotted, and was written anew.
    /// </summary>
    public int DamagedFooters { get; internal set; }

    /// <summary>Segment files without even a header.</summary>
    public int EmptySegments { get; internal set; }

    /// <summary>Files that should be segments and are not readable as such.</summary>
    public IList<string> UnreadableSegments { get; } = [];
}
