namespace Kiln.Service.Ec2.Images;

/// <summary>One entry of the mapping that a launch uses, after <see cref="DeviceMap.Merge"/>.</summary>
public sealed record MergedDevice
{
    /// <summary>The device name.</summary>
    public required string DeviceName { get; init; }

    /// <summary><c>ephemeral0</c> … for an instance store volume, else null.</summary>
    public string? VirtualName { get; init; }

    /// <summary>The snapshot, or null for an empty volume.</summary>
    public string? SnapshotId { get; init; }

    /// <summary>Whether the snapshot is the image's: it is read on the image owner's behalf, without a share.</summary>
    public bool SnapshotOfImage { get; init; }

    /// <summary>Size in GiB; null for the snapshot's.</summary>
    public int? SizeGiB { get; init; }

    /// <summary>The volume type.</summary>
    public string? VolumeType { get; init; }

    /// <summary>IOPS, or null.</summary>
    public int? Iops { get; init; }

    /// <summary>MiB/s, or null.</summary>
    public int? Throughput { get; init; }

    /// <summary>MiB/s at which to load the snapshot, or null.</summary>
    public int? InitializationRate { get; init; }

    /// <summary>Whether the volume goes with the instance.</summary>
    public bool DeleteOnTermination { get; init; }

    /// <summary>Whether encryption is asked for; null leaves it to the snapshot and to encryption by default.</summary>
    public bool? Encrypted { get; init; }

    /// <summary>The key asked for, or null.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>Whether this is the root.</summary>
    public bool IsRoot(string? rootDeviceName) => DeviceName == rootDeviceName;

    /// <summary>An image's entry as it stands. Encryption of a snapshot is a fact of it, not a wish.</summary>
    public static MergedDevice Of(ImageDevice device) => new()
    {
        DeviceName = device.DeviceName,
        VirtualName = device.VirtualName,
        SnapshotId = device.SnapshotId,
        SnapshotOfImage = device.SnapshotId is not null,
        SizeGiB = device.VolumeSizeGiB,
        VolumeType = device.VolumeType,
        Iops = device.Iops,
        Throughput = device.Throughput,
        DeleteOnTermination = device.DeleteOnTermination,
        Encrypted = device is { SnapshotId: null, Encrypted: true } ? true : null,
        KmsKeyId = device.KmsKeyId,
    };
}
