using System.Text.RegularExpressions;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Images;

/// <summary>What a block device mapping may say. EC2 User Guide "Block device mappings", "Device names".</summary>
public static partial class DeviceRules
{
    /// <summary>
    /// Entries in one mapping: the 40 volumes of an instance and its instance store, with room to spare.
    /// </summary>
    public const int EntriesMax = 100;

    /// <summary>Checks what does not depend on anything else: names, one kind per entry, no name twice.</summary>
    /// <exception cref="AwsException">InvalidBlockDeviceMapping.</exception>
    public static void CheckShape(IReadOnlyList<BlockDeviceMapping> mapping)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in mapping)
        {
            var name = entry.DeviceName
                ?? throw Ec2Error.InvalidBlockDeviceMapping("The device name must be given in every mapping.");
            if (!DeviceName().IsMatch(name))
                throw Ec2Error.InvalidBlockDeviceMapping($"Invalid device name {name}");
            if (!seen.Add(name))
                throw Ec2Error.InvalidBlockDeviceMapping($"The device '{name}' is used in more than one mapping.");
            var kinds = (entry.Ebs is null ? 0 : 1) + (entry.VirtualName is null ? 0 : 1)
                + (entry.NoDevice is null ? 0 : 1);
            if (kinds != 1)
            {
                throw Ec2Error.InvalidBlockDeviceMapping(
                    $"The mapping of {name} must have exactly one of Ebs, VirtualName and NoDevice.");
            }
            if (entry.VirtualName is { } ephemeral && !Ephemeral().IsMatch(ephemeral))
            {
                throw Ec2Error.InvalidBlockDeviceMapping(
                    $"The virtual name '{ephemeral}' of {name} must be one of ephemeral0 to ephemeral23.");
            }
        }
    }

    /// <summary>Makes a volume's entry of an image's mapping, with sizes and speeds that its type allows.</summary>
    /// <param name="name">The device name.</param>
    /// <param name="ebs">What was asked for.</param>
    /// <param name="snapshot">The snapshot that it names, or null for an empty volume.</param>
    /// <param name="isRoot">Whether it is the root: deleted with its instance unless it is said otherwise.</param>
    /// <exception cref="AwsException">InvalidBlockDeviceMapping, InvalidParameterValue, InvalidParameterCombination,
    /// UnknownVolumeType, BootForVolumeTypeUnsupported.</exception>
    public static ImageDevice Volume(string name, EbsBlockDevice ebs, Snapshot? snapshot, bool isRoot)
    {
        if (ebs.VolumeInitializationRate is not null)
            throw Ec2Error.InitializationRateOfImage();
        var type = VolumeLimits.Of(ebs.VolumeType ?? VolumeLimits.DefaultType);
        if (isRoot && !type.Boots)
        {
            throw new AwsException("BootForVolumeTypeUnsupported", 400,
                $"The volume type '{type.Type}' cannot be a root volume. " +
                $"Use gp3, gp2, io1, io2 or standard for {name}.");
        }
        var size = ebs.VolumeSize ?? snapshot?.VolumeSizeGiB ?? throw Ec2Error.InvalidBlockDeviceMapping(
            $"Either snapshot ID or volume size must be provided for: {name}");
        if (snapshot is not null && size < snapshot.VolumeSizeGiB)
            throw Ec2Error.VolumeSmallerThanSnapshot(size, snapshot.Id, snapshot.VolumeSizeGiB);
        type.Check(size, ebs.Iops, ebs.Throughput);
        return new ImageDevice
        {
            DeviceName = name,
            SnapshotId = snapshot?.Id,
            VolumeSizeGiB = size,
            VolumeType = type.Type,
            Iops = ebs.Iops,
            Throughput = ebs.Throughput,
            DeleteOnTermination = ebs.DeleteOnTermination ?? isRoot,
            Encrypted = snapshot?.Encrypted ?? ebs.Encrypted ?? false,
        };
    }

    // Linux and Xen names; the recommended ones are narrower, but AWS refuses none of these.
    [GeneratedRegex(@"\A(/dev/)?(sd|xvd|hd)[a-z]{1,2}[0-9]{0,2}\z", RegexOptions.CultureInvariant)]
    private static partial Regex DeviceName();

    [GeneratedRegex(@"\Aephemeral(1?[0-9]|2[0-3])\z", RegexOptions.CultureInvariant)]
    private static partial Regex Ephemeral();
}
