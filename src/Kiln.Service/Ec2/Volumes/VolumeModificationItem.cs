namespace Kiln.Service.Ec2.Volumes;

/// <summary>A change to a volume on the wire. EC2 API Reference "VolumeModification".</summary>
public sealed record VolumeModificationItem
{
    /// <summary>The volume.</summary>
    public required string VolumeId { get; init; }

    /// <summary>The state.</summary>
    public required VolumeModificationState ModificationState { get; init; }

    /// <summary>Why it failed.</summary>
    public string? StatusMessage { get; init; }

    /// <summary>Size afterwards, GiB.</summary>
    public required int TargetSize { get; init; }

    /// <summary>IOPS afterwards.</summary>
    public int? TargetIops { get; init; }

    /// <summary>Type afterwards.</summary>
    public required string TargetVolumeType { get; init; }

    /// <summary>MiB/s afterwards.</summary>
    public int? TargetThroughput { get; init; }

    /// <summary>Multi-attach afterwards.</summary>
    public required bool TargetMultiAttachEnabled { get; init; }

    /// <summary>Size before, GiB.</summary>
    public required int OriginalSize { get; init; }

    /// <summary>IOPS before.</summary>
    public int? OriginalIops { get; init; }

    /// <summary>Type before.</summary>
    public required string OriginalVolumeType { get; init; }

    /// <summary>MiB/s before.</summary>
    public int? OriginalThroughput { get; init; }

    /// <summary>Multi-attach before.</summary>
    public required bool OriginalMultiAttachEnabled { get; init; }

    /// <summary>0 to 100.</summary>
    public required long Progress { get; init; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndTime { get; init; }

    /// <summary>The wire form of a row.</summary>
    public static VolumeModificationItem Of(VolumeModification row) => new()
    {
        VolumeId = row.VolumeId,
        ModificationState = row.State,
        StatusMessage = row.StatusMessage,
        TargetSize = row.Target.SizeGiB,
        TargetIops = row.Target.Iops,
        TargetVolumeType = row.Target.Type,
        TargetThroughput = row.Target.Throughput,
        TargetMultiAttachEnabled = row.Target.MultiAttach,
        OriginalSize = row.Original.SizeGiB,
        OriginalIops = row.Original.Iops,
        OriginalVolumeType = row.Original.Type,
        OriginalThroughput = row.Original.Throughput,
        OriginalMultiAttachEnabled = row.Original.MultiAttach,
        Progress = row.State == VolumeModificationState.Completed ? 100 : 0,
        StartTime = row.StartTime,
        EndTime = row.EndTime,
    };
}
