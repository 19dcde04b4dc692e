using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Snapshots;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>What a new volume is to be. CreateVolume fills it from its request, a launch from its device
/// mapping.</summary>
public sealed record NewVolume
{
    /// <summary>The zone's name.</summary>
    public required string AvailabilityZone { get; init; }

    /// <summary>The snapshot to make it from, which the caller may read and which is completed; null for
    /// none.</summary>
    public Snapshot? Source { get; init; }

    /// <summary>Size in GiB; null for the snapshot's.</summary>
    public int? SizeGiB { get; init; }

    /// <summary>The type; null for <see cref="VolumeLimits.DefaultType"/>.</summary>
    public string? VolumeType { get; init; }

    /// <summary>IOPS, or null.</summary>
    public int? Iops { get; init; }

    /// <summary>MiB/s, or null.</summary>
    public int? Throughput { get; init; }

    /// <summary>The parameter Encrypted.</summary>
    public bool? Encrypted { get; init; }

    /// <summary>The parameter KmsKeyId.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>MiB/s at which to load the snapshot, 100 to 300; null for the node's own.</summary>
    public int? InitializationRate { get; init; }

    /// <summary>Whether several instances may attach it.</summary>
    public bool MultiAttach { get; init; }

    /// <summary>What the machine runs on whose root this is; for others the snapshot tells, where it knows.</summary>
    public ImagePlatform? Platform { get; init; }
}
