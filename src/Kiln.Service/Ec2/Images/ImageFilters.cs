using System.Globalization;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;

namespace Kiln.Service.Ec2.Images;

/// <summary>The filters of DescribeImages. EC2 API Reference "DescribeImages", "Filter.N".</summary>
public static class ImageFilters
{
    /// <summary>All of them.</summary>
    public static FilterSet<Image> Set { get; } = new FilterSet<Image>()
        .Within("architecture", i => i.Platform, p => p.Architecture)
        .Within("block-device-mapping.delete-on-termination", i => i.Devices,
            Volumes(d => Flag(d.DeleteOnTermination)))
        .Within("block-device-mapping.device-name", i => i.Devices, all => all.Select(d => d.DeviceName))
        .Query("block-device-mapping.snapshot-id", (context, values) =>
        {
            var ids = context.Db.ImageSnapshots.Where(FilterSet<ImageSnapshot>.AnyOf(s => s.SnapshotId, values))
                .Select(s => s.ImageId);
            return i => ids.Contains(i.Id);
        })
        .Within("block-device-mapping.volume-size", i => i.Devices, Volumes(d => Text(d.VolumeSizeGiB)))
        .Within("block-device-mapping.volume-type", i => i.Devices, Volumes(d => d.VolumeType))
        .Within("block-device-mapping.encrypted", i => i.Devices, Volumes(d => Flag(d.Encrypted)))
        .Computed("creation-date", i => ImageItem.Milliseconds(i.CreationDate))
        .Text("description", i => i.Description)
        .Computed("ena-support", i => Flag(i.Platform.EnaSupport))
        // No image here is one of AWS's, which alone are in the free tier.
        .Computed("free-tier-eligible", _ => Flag(false))
        .Computed("hypervisor", _ => ImageItem.Xen)
        // Without allowed-AMIs criteria every image is allowed.
        .Computed("image-allowed", _ => Flag(true))
        .Text("image-id", i => i.Id)
        .Computed("image-type", _ => ImageItem.Machine)
        .Bool("is-public", i => i.IsPublic)
        .Within("kernel-id", i => i.Platform, p => p.KernelId)
        .Text("manifest-location", i => i.ImageLocation)
        .Text("name", i => i.Name)
        .Computed("owner-alias", i => i.AccountId == Publisher.AccountId ? Publisher.Alias : null)
        .Text("owner-id", i => i.AccountId)
        .Within("platform", i => i.Platform, p => p.Platform)
        .Within("product-code", i => i.ProductCodes, codes => codes)
        .Computed("product-code.type", i => i.ProductCodes.Count > 0 ? "marketplace" : null)
        .Within("ramdisk-id", i => i.Platform, p => p.RamdiskId)
        .Text("root-device-name", i => i.RootDeviceName)
        .Text("root-device-type", i => i.RootDeviceType)
        .Text("source-image-id", i => i.SourceImageId)
        .Text("source-image-region", i => i.SourceImageRegion)
        .Text("source-instance-id", i => i.SourceInstanceId)
        .Enum("state", i => i.State)
        .Text("state-reason-code", i => i.StateReasonCode)
        .Text("state-reason-message", i => i.StateReasonMessage)
        .Within("sriov-net-support", i => i.Platform, p => p.SriovNetSupport)
        .Tags(i => i.Id)
        .Within("virtualization-type", i => i.Platform, p => p.VirtualizationType);

    private static Func<IReadOnlyList<ImageDevice>, IEnumerable<string?>> Volumes(Func<ImageDevice, string?> text) =>
        devices => devices.Where(d => d.IsEbs).Select(text);

    private static string Flag(bool value) => value ? "true" : "false";

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);
}
