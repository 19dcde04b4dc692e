using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>The volume of a block device mapping on the wire. EC2 API Reference "EbsBlockDevice".</summary>
[Unsupported("Outposts only", "OutpostArn")]
[Unsupported("instances have one EBS card", "EbsCardIndex")]
[Unsupported("a mapping's volumes are made in the zone of their instance", "AvailabilityZone", "AvailabilityZoneId")]
public sealed record EbsBlockDevice
{
    /// <summary>Whether the volume goes with its instance.</summary>
    public bool? DeleteOnTermination { get; init; }

    /// <summary>Provisioned IOPS.</summary>
    public int? Iops { get; init; }

    /// <summary>The snapshot to make it from.</summary>
    [MaxLength(64)]
    public string? SnapshotId { get; init; }

    /// <summary>Size in GiB.</summary>
    public int? VolumeSize { get; init; }

    /// <summary>The volume type.</summary>
    [MaxLength(32)]
    public string? VolumeType { get; init; }

    /// <summary>The key: id, alias or ARN.</summary>
    [MaxLength(2048)]
    public string? KmsKeyId { get; init; }

    /// <summary>MiB/s, gp3 only.</summary>
    public int? Throughput { get; init; }

    /// <summary>MiB/s at which to load the snapshot, 100 to 300; for launches, not for images.</summary>
    [Wire("VolumeInitializationRate")]
    public int? VolumeInitializationRate { get; init; }

    /// <summary>Whether it is encrypted.</summary>
    public bool? Encrypted { get; init; }
}
