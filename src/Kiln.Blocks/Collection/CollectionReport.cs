using System.Text.Json.Serialization;

namespace Kiln.Blocks.Collection;

/// <summary>What a collection saw and did, or of a dry run what it would do. Serialises as JSON.</summary>
public sealed record CollectionReport
{
    /// <summary>True when nothing was changed.</summary>
    [JsonInclude]
    public bool DryRun { get; internal set; }

    /// <summary>Manifests that are reachable.</summary>
    [JsonInclude]
    public int LiveManifests { get; internal set; }

    /// <summary>Of those, manifests that no root names and that only the grace time keeps.</summary>
    [JsonInclude]
    public int YoungManifests { get; internal set; }

    /// <summary>When the oldest of those falls due; null when there are none.</summary>
    [JsonInclude]
    public DateTimeOffset? YoungUntil { get; internal set; }

    /// <summary>Manifests that went (or would go) to the trash.</summary>
    [JsonInclude]
    public int DeadManifests { get; internal set; }

    /// <summary>Records that are kept.</summary>
    [JsonInclude]
    public long LiveRecords { get; internal set; }

    /// <summary>Bytes on disk of those.</summary>
    [JsonInclude]
    public long LiveBytes { get; internal set; }

    /// <summary>Records that nobody reaches.</summary>
    [JsonInclude]
    public long DeadRecords { get; internal set; }

    /// <summary>Bytes on disk of those. A part may stay where a segment is not thin enough to be compacted.</summary>
    [JsonInclude]
    public long DeadBytes { get; internal set; }

    /// <summary>Bytes on disk that went (or would go) to the trash, less what was moved out of them first.</summary>
    [JsonInclude]
    public long FreedBytes { get; internal set; }

    /// <summary>Segments that went (or would go) to the trash, compacted ones included.</summary>
    [JsonInclude]
    public int DeletedSegments { get; internal set; }

    /// <summary>Segments so thin that they are compacted.</summary>
    [JsonInclude]
    public int ThinSegments { get; internal set; }

    /// <summary>Segments whose live records were moved elsewhere first.</summary>
    [JsonInclude]
    public int CompactedSegments { get; internal set; }

    /// <summary>Damaged records that compaction brought, as they are, to segments of their own.</summary>
    [JsonInclude]
    public int SetAsideRecords { get; internal set; }

    /// <summary>Bytes that compaction moved.</summary>
    [JsonInclude]
    public long MovedBytes { get; internal set; }

    /// <summary>Set when the disk had no room for compaction; everything else was done.</summary>
    [JsonInclude]
    public bool NoRoomToCompact { get; internal set; }

    /// <summary>Files deleted from the trash for good.</summary>
    [JsonInclude]
    public int PurgedFiles { get; internal set; }

    /// <summary>Files in the trash at the end.</summary>
    [JsonInclude]
    public int TrashFiles { get; internal set; }

    /// <summary>Bytes of those.</summary>
    [JsonInclude]
    public long TrashBytes { get; internal set; }

    /// <summary>When the first of them is deleted for good; null when the trash is empty.</summary>
    [JsonInclude]
    public DateTimeOffset? PurgeAt { get; internal set; }

    /// <summary>Files that were taken back out of the trash because something reachable was in them: an alarm.
    /// </summary>
    [JsonInclude]
    public int TakenBack { get; internal set; }

    /// <summary>Addresses that a reachable manifest names and no record has.</summary>
    [JsonInclude]
    public long MissingRecords { get; internal set; }

    /// <summary>Set when a damaged manifest or page hides what is reachable: nothing was deleted.</summary>
    [JsonInclude]
    public string? Refused { get; internal set; }
}
