using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Images;

/// <summary>The mapping of an image of an instance: its volumes, and what the call adds or leaves out.</summary>
/// <remarks>EC2 API Reference "CreateImage": of a volume that is there only DeleteOnTermination can change.</remarks>
internal static class InstanceDevices
{
    /// <summary>Merges an instance's volumes with a request's mapping.</summary>
    /// <returns>The image's mapping, root first, without snapshots for the volumes to cut; and these, by
    /// device.</returns>
    /// <exception cref="AwsException">InvalidBlockDeviceMapping.</exception>
    public static (IReadOnlyList<ImageDevice> Devices, IReadOnlyDictionary<string, string> Cut) Merge(
        Instance instance, IReadOnlyList<Volume> volumes, IReadOnlyList<BlockDeviceMapping> mapping,
        IReadOnlyDictionary<string, Snapshot> snapshots)
    {
        var devices = new SortedDictionary<string, ImageDevice>(StringComparer.Ordinal);
        var cut = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var volume in volumes)
        {
            var attachment = volume.Attachments.First(a => a.InstanceId == instance.Id);
            devices[attachment.Device] = DeviceOf(volume, attachment);
            cut[attachment.Device] = volume.Id;
        }
        foreach (var ephemeral in instance.EphemeralDevices)
            devices.TryAdd(ephemeral.DeviceName, ephemeral);
        foreach (var entry in mapping)
        {
            var name = entry.DeviceName!;
            if (entry.NoDevice is not null)
            {
                if (name == instance.RootDeviceName)
                    throw Ec2Error.InvalidBlockDeviceMapping($"The root device {name} cannot be left out.");
                devices.Remove(name);
                cut.Remove(name);
            }
            else if (cut.ContainsKey(name))
            {
                devices[name] = Change(devices[name], entry);
            }
            else
            {
                devices[name] = Added(entry, snapshots);
            }
        }
        if (instance.RootDeviceName is not { } root || !cut.ContainsKey(root))
            throw Ec2Error.InvalidBlockDeviceMapping($"The instance {instance.Id} has no root volume attached.");
        return ([devices[root], .. devices.Values.Where(d => d.DeviceName != root)], cut);
    }

    private static ImageDevice DeviceOf(Volume volume, VolumeAttachment attachment) => new()
    {
        DeviceName = attachment.Device,
        VolumeSizeGiB = volume.SizeGiB,
        VolumeType = volume.VolumeType,
        // What a type gives by itself is no wish: a launch would refuse it.
        Iops = VolumeLimits.Of(volume.VolumeType).IopsMax > 0 ? volume.Iops : null,
        Throughput = VolumeLimits.Of(volume.VolumeType).ThroughputMax > 0 ? volume.Throughput : null,
        DeleteOnTermination = attachment.DeleteOnTermination,
        Encrypted = volume.Encrypted,
    };

    private static ImageDevice Change(ImageDevice device, BlockDeviceMapping entry)
    {
        var ebs = entry.Ebs ?? throw Refused(device, "it is an EBS volume of the instance");
        if (ebs.VolumeInitializationRate is not null)
            throw Ec2Error.InitializationRateOfImage();
        if (ebs.SnapshotId is not null || ebs.KmsKeyId is not null)
            throw Refused(device, "its data is the instance's");
        // Clients send an instance's own values again; only another one is a wish that cannot be granted.
        if ((ebs.VolumeSize ?? device.VolumeSizeGiB) != device.VolumeSizeGiB)
            throw Refused(device, $"its size is {device.VolumeSizeGiB} GiB");
        if ((ebs.VolumeType ?? device.VolumeType) != device.VolumeType)
            throw Refused(device, $"its type is {device.VolumeType}");
        if ((ebs.Iops ?? device.Iops) != device.Iops || (ebs.Throughput ?? device.Throughput) != device.Throughput)
            throw Refused(device, "its speed is the volume's");
        if (ebs.Encrypted == true && !device.Encrypted)
            throw Refused(device, "it is not encrypted; CopyImage can encrypt");
        return device with { DeleteOnTermination = ebs.DeleteOnTermination ?? device.DeleteOnTermination };
    }

    private static ImageDevice Added(BlockDeviceMapping entry, IReadOnlyDictionary<string, Snapshot> snapshots)
    {
        if (entry.VirtualName is { } ephemeral)
            return new ImageDevice { DeviceName = entry.DeviceName!, VirtualName = ephemeral };
        var ebs = entry.Ebs!;
        if (ebs is { SnapshotId: not null, Encrypted: not null } || ebs.KmsKeyId is not null)
        {
            throw Ec2Error.InvalidBlockDeviceMapping($"Encrypted cannot be given with a snapshot for " +
                $"{entry.DeviceName}, nor KmsKeyId at all. CopyImage can encrypt.");
        }
        var snapshot = ebs.SnapshotId is { } id ? snapshots[id] : null;
        return DeviceRules.Volume(entry.DeviceName!, ebs, snapshot, isRoot: false);
    }

    private static AwsException Refused(ImageDevice device, string why) => Ec2Error.InvalidBlockDeviceMapping(
        $"Of {device.DeviceName} only DeleteOnTermination can be changed: {why}.");
}
