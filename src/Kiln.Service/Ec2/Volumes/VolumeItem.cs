using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>A volume on the wire. EC2 API Reference "Volume".</summary>
public sealed record VolumeItem
{
    /// <summary>The id.</summary>
    public required string VolumeId { get; init; }

    /// <summary>Size in GiB.</summary>
    public required int Size { get; init; }

    /// <summary>The snapshot it was made from; empty for none.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The zone's name.</summary>
    public required string AvailabilityZone { get; init; }

    /// <summary>The zone's id.</summary>
    public string? AvailabilityZoneId { get; init; }

    /// <summary>The state.</summary>
    [Wire("status")]
    public required VolumeState State { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>Where it is attached.</summary>
    [Wire("attachmentSet")]
    public IReadOnlyList<AttachmentItem> Attachments { get; init; } = [];

    /// <summary>The caller's tags.</summary>
    [Wire("tagSet")]
    public IReadOnlyList<Tag> Tags { get; init; } = [];

    /// <summary>The type.</summary>
    public required string VolumeType { get; init; }

    /// <summary>IOPS where the type has them.</summary>
    public int? Iops { get; init; }

    /// <summary>MiB/s, gp3 only.</summary>
    public int? Throughput { get; init; }

    /// <summary>Whether it is encrypted.</summary>
    public required bool Encrypted { get; init; }

    /// <summary>The key's ARN.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>Whether several instances may attach it.</summary>
    public required bool MultiAttachEnabled { get; init; }

    /// <summary>Whether it was made from a fast snapshot restore.</summary>
    public required bool FastRestored { get; init; }

    /// <summary>MiB/s of its initialization, where one was asked for.</summary>
    public int? VolumeInitializationRate { get; init; }

    /// <summary>The wire form of a row, its attachments loaded.</summary>
    public static VolumeItem Of(Volume row, IReadOnlyList<Tag> tags) => new()
    {
        VolumeId = row.Id,
        Size = row.SizeGiB,
        SnapshotId = row.SnapshotId ?? "",
        AvailabilityZone = row.AvailabilityZone,
        AvailabilityZoneId = Zone.ByName(row.Region, row.AvailabilityZone)?.Id,
        State = row.State,
        CreateTime = row.CreateTime,
        Attachments = [.. row.Attachments.OrderBy(a => a.AttachTime).Select(AttachmentItem.Of)],
        Tags = tags,
        VolumeType = row.VolumeType,
        Iops = row.Iops,
        Throughput = row.Throughput,
        Encrypted = row.Encrypted,
        KmsKeyId = row.KmsKeyId,
        MultiAttachEnabled = row.MultiAttachEnabled,
        FastRestored = row.FastRestored,
        VolumeInitializationRate = row.InitializationRate,
    };
}
