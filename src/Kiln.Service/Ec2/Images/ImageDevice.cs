namespace Kiln.Service.Ec2.Images;

/// <summary>One entry of a block device mapping as it is kept with an image or an instance's launch.</summary>
public sealed record ImageDevice
{
    /// <summary>The device name, e.g. <c>/dev/sda1</c>.</summary>
    public required string DeviceName { get; init; }

    /// <summary><c>ephemeral0</c> … for an instance store volume, else null.</summary>
    public string? VirtualName { get; init; }

    /// <summary>The snapshot that the volume is made from; null for an empty volume.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>Size in GiB; null for instance store.</summary>
    public int? VolumeSizeGiB { get; init; }

    /// <summary>The volume type, e.g. <c>gp3</c>.</summary>
    public string? VolumeType { get; init; }

    /// <summary>Provisioned IOPS where the type has them.</summary>
    public int? Iops { get; init; }

    /// <summary>MiB/s, gp3 only.</summary>
    public int? Throughput { get; init; }

    /// <summary>Whether the volume goes with its instance.</summary>
    public bool DeleteOnTermination { get; init; }

    /// <summary>Whether the volume is encrypted; that of the snapshot where there is one.</summary>
    public bool Encrypted { get; init; }

    /// <summary>The key's ARN where a launch or copy named one.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>Whether this is an EBS volume and not instance store.</summary>
    public bool IsEbs => VirtualName is null;
}
