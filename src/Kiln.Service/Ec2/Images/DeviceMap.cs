using System.Globalization;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Images;

/// <summary>Joins the mapping of an image with that of a launch, by device name.</summary>
/// <remarks>EC2 User Guide "Block device mappings": the request overrides the image entry by entry.</remarks>
public static class DeviceMap
{
    /// <summary>What a launch brings to the merge besides the two mappings.</summary>
    public sealed record Machine
    {
        /// <summary>The image's root device name; <c>/dev/sda1</c> and <c>/dev/xvda</c> are not the same.</summary>
        public required string? RootDeviceName { get; init; }

        /// <summary><c>ebs</c> or <c>instance-store</c>.</summary>
        public required string RootDeviceType { get; init; }

        /// <summary>Instance store disks that a mapping can name; entries beyond are ignored, as AWS does.</summary>
        public required int EphemeralDisks { get; init; }

        /// <summary>Whether instance store entries of the image count; for M3 only those of the request do.</summary>
        public bool ImageEphemeralCounts { get; init; } = true;
    }

    /// <summary>The mapping that a launch uses, the image's entries first.</summary>
    /// <exception cref="AwsException">InvalidBlockDeviceMapping, BootForVolumeTypeUnsupported.</exception>
    public static IReadOnlyList<MergedDevice> Merge(
        IReadOnlyList<ImageDevice> image, IReadOnlyList<BlockDeviceMapping> request, Machine machine)
    {
        DeviceRules.CheckShape(request);
        var asked = request.ToDictionary(entry => entry.DeviceName!, StringComparer.Ordinal);
        if (machine.RootDeviceType == "instance-store" && machine.RootDeviceName is { } storeRoot
            && asked.TryGetValue(storeRoot, out var onRoot) && onRoot.Ebs is not null)
            throw Ec2Error.InvalidBlockDeviceMapping(
                "EBS block device mappings not supported for instance-store AMIs.");
        var merged = new List<MergedDevice>();
        foreach (var device in image)
        {
            var isRoot = device.DeviceName == machine.RootDeviceName;
            if (asked.Remove(device.DeviceName, out var entry))
            {
                if (Override(device, entry, isRoot) is { } changed)
                    merged.Add(changed);
            }
            else if (device.IsEbs || machine.ImageEphemeralCounts)
            {
                merged.Add(MergedDevice.Of(device));
            }
        }
        foreach (var entry in request.Where(e => asked.ContainsKey(e.DeviceName!) && e.NoDevice is null))
            merged.Add(New(entry, isRoot: entry.DeviceName == machine.RootDeviceName));
        merged.RemoveAll(d => d.VirtualName is { } name && Number(name) >= machine.EphemeralDisks);
        if (merged.Find(d => d.IsRoot(machine.RootDeviceName) && d.VolumeType is "st1" or "sc1") is { } slow)
            throw new AwsException("BootForVolumeTypeUnsupported", 400,
                $"The volume type '{slow.VolumeType}' cannot be a root volume. Use gp3, gp2, io1, io2 or standard for "
                + $"{slow.DeviceName}.");
        return merged;
    }

    private static MergedDevice? Override(ImageDevice device, BlockDeviceMapping entry, bool isRoot)
    {
        if (entry.NoDevice is not null)
        {
            return isRoot
                ? throw Ec2Error.InvalidBlockDeviceMapping($"The root device {device.DeviceName} cannot be removed.")
                : null;
        }
        if (entry.Ebs is not { } ebs)
        {
            return isRoot && device.IsEbs
                ? throw Ec2Error.InvalidBlockDeviceMapping(
                    $"The root device {device.DeviceName} cannot become an instance store volume.")
                : new MergedDevice { DeviceName = device.DeviceName, VirtualName = entry.VirtualName };
        }
        if (!device.IsEbs)
            return New(entry, isRoot);
        if (isRoot && ebs.SnapshotId is not null && ebs.SnapshotId != device.SnapshotId)
            throw Ec2Error.InvalidBlockDeviceMapping("snapshotId cannot be modified on root device");
        var ofImage = MergedDevice.Of(device);
        // Speeds belong to a type: another type begins with its own.
        var sameType = ebs.VolumeType is null || ebs.VolumeType == device.VolumeType;
        var ownSnapshot = ebs.SnapshotId is null || ebs.SnapshotId == device.SnapshotId;
        return ofImage with
        {
            SnapshotId = ebs.SnapshotId ?? ofImage.SnapshotId,
            SnapshotOfImage = ownSnapshot && ofImage.SnapshotOfImage,
            SizeGiB = ebs.VolumeSize ?? ofImage.SizeGiB,
            VolumeType = ebs.VolumeType ?? ofImage.VolumeType,
            Iops = ebs.Iops ?? (sameType ? ofImage.Iops : null),
            Throughput = ebs.Throughput ?? (sameType ? ofImage.Throughput : null),
            InitializationRate = ebs.VolumeInitializationRate,
            DeleteOnTermination = ebs.DeleteOnTermination ?? ofImage.DeleteOnTermination,
            Encrypted = ebs.Encrypted ?? ofImage.Encrypted,
            KmsKeyId = ebs.KmsKeyId ?? ofImage.KmsKeyId,
        };
    }

    private static MergedDevice New(BlockDeviceMapping entry, bool isRoot)
    {
        var name = entry.DeviceName!;
        if (entry.Ebs is not { } ebs)
            return new MergedDevice { DeviceName = name, VirtualName = entry.VirtualName };
        if (ebs.SnapshotId is null && ebs.VolumeSize is null)
            throw Ec2Error.InvalidBlockDeviceMapping(
                $"Either snapshot ID or volume size must be provided for: {name}");
        return new MergedDevice
        {
            DeviceName = name,
            SnapshotId = ebs.SnapshotId,
            SizeGiB = ebs.VolumeSize,
            VolumeType = ebs.VolumeType ?? VolumeLimits.DefaultType,
            Iops = ebs.Iops,
            Throughput = ebs.Throughput,
            InitializationRate = ebs.VolumeInitializationRate,
            DeleteOnTermination = ebs.DeleteOnTermination ?? isRoot,
            Encrypted = ebs.Encrypted,
            KmsKeyId = ebs.KmsKeyId,
        };
    }

    private static int Number(string virtualName) =>
        int.Parse(virtualName.AsSpan("ephemeral".Length), NumberStyles.None, CultureInfo.InvariantCulture);
}
