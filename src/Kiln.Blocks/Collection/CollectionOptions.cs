namespace Kiln.Blocks.Collection;

/// <summary>How a collection treads.</summary>
public sealed record CollectionOptions
{
    /// <summary>What was put or committed within this time is spared, whoever refers to it: it covers the moment
    /// between a commit and the row that names it.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long what was collected lies in the trash, from which a read takes it back with an alarm.</summary>
    public TimeSpan TrashTime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>A sealed segment of which less than this part is live is compacted.</summary>
    public double CompactBelow { get; init; } = 0.5;

    /// <summary>Rate at which compaction moves live records; null is no limit.</summary>
    public BandwidthLimit? CompactLimit { get; init; }

    /// <summary>Folder of the Region's volumes, open or not; what their bases reach is kept. Null when there are none.
    /// </summary>
    public string? VolumesDirectory { get; init; }

    /// <summary>Reports what would go, and changes nothing.</summary>
    public bool DryRun { get; init; }
}
