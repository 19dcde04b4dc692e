using System.Globalization;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;

namespace Kiln.Service.Ec2.Images;

/// <summary>The filters of DescribeImages. EC2 API Reference "DescribeImages", "Filter.N".</summary>
public static class ImageFilters
{
    /// <summary>All of them.</summary>
    public static FilterSet<Image> Set { get; } = new FilterSet<Image>()
        .Computed("architecture", i => i.Platform.Architecture)
        .Computed("block-device-mapping.delete-on-termination", Volumes(d => Flag(d.DeleteOnTermination)))
        .Computed("block-device-mapping.device-name", i => i.Devices.Select(d => d.DeviceName))
        .Query("block-device-mapping.snapshot-id", (context, values) =>
        {
            var ids = context.Db.ImageSnapshots.Where(FilterSet<ImageSnapshot>.AnyOf(s => s.SnapshotId, values))
                .Select(s => s.ImageId);
            return i => ids.Contains(i.Id);
        })
        .Computed("block-device-mapping.volume-size", Volumes(d => Text(d.VolumeSizeGiB)))
        .Computed("block-device-mapping.volume-type", Volumes(d => d.VolumeType))
        .Computed("block-device-mapping.encrypted", Volumes(d => Flag(d.Encrypted)))
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
        .Computed("kernel-id", i => i.Platform.KernelId)
        .Text("manifest-location", i => i.ImageLocation)
        .Text("name", i => i.Name)
        .Computed("owner-alias", i => i.AccountId == Publisher.AccountId ? Publisher.Alias : null)
        .Text("owner-id", i => i.AccountId)
        .Computed("platform", i => i.Platform.Platform)
        .Computed("product-code", i => i.ProductCodes)
        .Computed("product-code.type", i => i.ProductCodes.Count > 0 ? "marketplace" : null)
        .Computed("ramdisk-id", i => i.Platform.RamdiskId)
        .Text("root-device-name", i => i.RootDeviceName)
        .Text("root-device-type", i => i.RootDeviceType)
        .Text("source-image-id", i => i.SourceImageId)
        .Text("source-image-region", i => i.SourceImageRegion)
        .Text("source-instance-id", i => i.SourceInstanceId)
        .Enum("state", i => i.State)
        .Text("state-reason-code", i => i.StateReasonCode)
        .Text("state-reason-message", i => i.StateReasonMessage)
        .Computed("sriov-net-support", i => i.Platform.SriovNetSupport)
        .Tags(i => i.Id)
        .Computed("virtualization-type", i => i.Platform.VirtualizationType);

    private static Func<Image, IEnumerable<string?>> Volumes(Func<ImageDevice, string?> text) =>
        image => image.Devices.Where(d => d.IsEbs).Select(text);

    private static string Flag(bool value) => value ? "true" : "false";

    private static string? Text(int? number) => number?.ToString(CultureInfo.InvariantCulture);
}
