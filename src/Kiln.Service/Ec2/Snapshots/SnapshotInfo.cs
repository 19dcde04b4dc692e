using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>One snapshot of a set on the wire. EC2 API Reference "SnapshotInfo".</summary>
public sealed record SnapshotInfo
{
    /// <summary>The description.</summary>
    public required string Description { get; init; }

    /// <summary>The tags it was given.</summary>
    [Wire("tagSet")]
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>Whether it is encrypted.</summary>
    public required bool Encrypted { get; init; }

    /// <summary>The volume.</summary>
    public required string VolumeId { get; init; }

    /// <summary>The state.</summary>
    public required SnapshotState State { get; init; }

    /// <summary>Size of the volume in GiB.</summary>
    public required int VolumeSize { get; init; }

    /// <summary>The instant, the same for the whole set.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>e.g. <c>0%</c>.</summary>
    public required string Progress { get; init; }

    /// <summary>The owner.</summary>
    public required string OwnerId { get; init; }

    /// <summary>The id.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The wire form of a row.</summary>
    public static SnapshotInfo Of(Snapshot row, IReadOnlyList<Tag> tags) => new()
    {
        Description = row.Description,
        Tags = tags,
        Encrypted = row.Encrypted,
        VolumeId = row.VolumeId,
        State = row.State,
        VolumeSize = row.VolumeSizeGiB,
        StartTime = row.StartTime,
        Progress = $"{row.ProgressPercent}%",
        OwnerId = row.AccountId,
        SnapshotId = row.Id,
    };
}
