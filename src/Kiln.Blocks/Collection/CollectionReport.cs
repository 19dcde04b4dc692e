namespace Kiln.Blocks.Collection;

/// <summary>What a collection saw and did.</summary>
public sealed record CollectionReport
{
    /// <summary>Manifests that are reachable.</summary>
    public int LiveManifests { get; internal set; }

    /// <summary>Manifests that went (or would go) to the trash.</summary>
    public int DeadManifests { get; internal set; }

    /// <summary>Records that are kept.</summary>
    public long LiveRecords { get; internal set; }

    /// <summary>Records that went (or would go).</summary>
    public long DeadRecords { get; internal set; }

    /// <summary>Stored bytes of those.</summary>
    public long DeadBytes { get; internal set; }

    /// <summary>Segments that went to the trash.</summary>
    public int DeletedSegments { get; internal set; }

    /// <summary>Segments whose live records were moved elsewhere first.</summary>
    public int CompactedSegments { get; internal set; }

    /// <summary>Files deleted from the trash for good.</summary>
    public int PurgedFiles { get; internal set; }

    /// <summary>Addresses that a reachable manifest names and no record has.</summary>
    public long MissingRecords { get; internal set; }

    /// <summary>Set when a damaged manifest or page hides what is reachable: nothing was deleted.</summary>
    public string? Refused { get; internal set; }
}
