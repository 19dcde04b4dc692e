using System.Globalization;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Shapes;
using Kiln.Service.Accounts;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Images;

/// <summary>An image as DescribeImages shows it. EC2 API Reference "Image".</summary>
public sealed record ImageItem
{
    /// <summary>The hypervisor that EC2 names for every image.</summary>
    public const string Xen = "xen";

    /// <summary>The only type of image that can be made.</summary>
    public const string Machine = "machine";

    /// <summary>The id.</summary>
    public required string ImageId { get; init; }

    /// <summary>The state.</summary>
    [Wire("imageState")]
    public required ImageState State { get; init; }

    /// <summary>Why it failed.</summary>
    public ImageStateReason? StateReason { get; init; }

    /// <summary>The owner.</summary>
    [Wire("imageOwnerId")]
    public required string OwnerId { get; init; }

    /// <summary><c>kiln</c> for the installation's own images.</summary>
    public string? ImageOwnerAlias { get; init; }

    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The description. Told even when empty: Ansible's ec2_ami reads it without a look.</summary>
    public required string Description { get; init; }

    /// <summary><c>OWNER/NAME</c>.</summary>
    public required string ImageLocation { get; init; }

    /// <summary>Whether everybody may launch it.</summary>
    [Wire("isPublic")]
    public required bool Public { get; init; }

    /// <summary>The architecture.</summary>
    public required string Architecture { get; init; }

    /// <summary><c>machine</c>.</summary>
    public string ImageType { get; init; } = Machine;

    /// <summary>Kernel of a paravirtual machine.</summary>
    public string? KernelId { get; init; }

    /// <summary>RAM disk of a paravirtual machine.</summary>
    public string? RamdiskId { get; init; }

    /// <summary><c>windows</c> or absent.</summary>
    public string? Platform { get; init; }

    /// <summary>Billing text.</summary>
    public string? PlatformDetails { get; init; }

    /// <summary>Billing operation.</summary>
    public string? UsageOperation { get; init; }

    /// <summary><c>hvm</c> or <c>paravirtual</c>.</summary>
    public required string VirtualizationType { get; init; }

    /// <summary><c>xen</c>.</summary>
    public string Hypervisor { get; init; } = Xen;

    /// <summary><c>ebs</c> or <c>instance-store</c>.</summary>
    public required string RootDeviceType { get; init; }

    /// <summary>The root's device name.</summary>
    public string? RootDeviceName { get; init; }

    /// <summary>The mapping.</summary>
    [Wire("blockDeviceMapping")]
    public required IReadOnlyList<BlockDeviceMapping> BlockDeviceMappings { get; init; }

    /// <summary>Product codes.</summary>
    [Wire("productCodes")]
    public IReadOnlyList<ImageProductCode>? ProductCodes { get; init; }

    /// <summary>Enhanced networking with ENA.</summary>
    public bool EnaSupport { get; init; }

    /// <summary><c>simple</c> or absent.</summary>
    public string? SriovNetSupport { get; init; }

    /// <summary>The boot mode.</summary>
    public string? BootMode { get; init; }

    /// <summary><c>v2.0</c> or absent.</summary>
    public string? TpmSupport { get; init; }

    /// <summary><c>v2.0</c> or absent.</summary>
    public string? ImdsSupport { get; init; }

    /// <summary>When it was asked for, in milliseconds.</summary>
    public required string CreationDate { get; init; }

    /// <summary>From when on it counts as deprecated.</summary>
    public string? DeprecationTime { get; init; }

    /// <summary>Only for the owner.</summary>
    public string? DeregistrationProtection { get; init; }

    /// <summary>Only for the owner.</summary>
    public string? LastLaunchedTime { get; init; }

    /// <summary>The instance it was made from.</summary>
    public string? SourceInstanceId { get; init; }

    /// <summary>The image it descends from.</summary>
    public string? SourceImageId { get; init; }

    /// <summary>That image's Region.</summary>
    public string? SourceImageRegion { get; init; }

    /// <summary>The caller's own tags.</summary>
    [Wire("tagSet")]
    public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>Describes an image to an account.</summary>
    public static ImageItem Of(Image image, IReadOnlyList<Tag> tags, string viewer, DateTimeOffset now)
    {
        var platform = image.Platform;
        var isOwner = image.AccountId == viewer;
        return new ImageItem
        {
            ImageId = image.Id,
            State = image.State,
            StateReason = image.StateReasonCode is { } code
                ? new ImageStateReason(code, image.StateReasonMessage) : null,
            OwnerId = image.AccountId,
            ImageOwnerAlias = image.AccountId == Publisher.AccountId ? Publisher.Alias : null,
            Name = image.Name,
            Description = image.Description,
            ImageLocation = image.ImageLocation,
            Public = image.IsPublic,
            Architecture = platform.Architecture,
            KernelId = platform.KernelId,
            RamdiskId = platform.RamdiskId,
            Platform = platform.Platform,
            PlatformDetails = platform.PlatformDetails,
            UsageOperation = platform.UsageOperation,
            VirtualizationType = platform.VirtualizationType,
            RootDeviceType = image.RootDeviceType,
            RootDeviceName = image.RootDeviceName,
            BlockDeviceMappings = Mapping(image.Devices),
            ProductCodes = image.ProductCodes.Count == 0
                ? null : [.. image.ProductCodes.Select(c => new ImageProductCode(c, "marketplace"))],
            EnaSupport = platform.EnaSupport,
            SriovNetSupport = platform.SriovNetSupport,
            BootMode = platform.BootMode,
            TpmSupport = platform.TpmSupport,
            ImdsSupport = image.ImdsSupport,
            CreationDate = Milliseconds(image.CreationDate),
            DeprecationTime = image.DeprecationTime is { } deprecated ? Seconds(deprecated) : null,
            DeregistrationProtection = isOwner ? image.ProtectionText(now) : null,
            LastLaunchedTime = isOwner && image.LastLaunchedTime is { } launched ? Milliseconds(launched) : null,
            SourceInstanceId = image.SourceInstanceId,
            SourceImageId = image.SourceImageId,
            SourceImageRegion = image.SourceImageRegion,
            Tags = tags,
        };
    }

    /// <summary>A time as images show their creation: <c>2021-09-29T11:04:43.000Z</c>.</summary>
    public static string Milliseconds(DateTimeOffset time) => Timestamps.Format(time, TimestampFormat.Iso8601);

    /// <summary>A time as images show their deprecation: <c>2021-09-29T11:04:00Z</c>.</summary>
    public static string Seconds(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A mapping as the wire has it.</summary>
    public static IReadOnlyList<BlockDeviceMapping> Mapping(IReadOnlyList<ImageDevice> devices)
    {
        var mapping = new BlockDeviceMapping[devices.Count];
        for (var i = 0; i < mapping.Length; i++)
        {
            var device = devices[i];
            mapping[i] = new BlockDeviceMapping
            {
                DeviceName = device.DeviceName,
                VirtualName = device.VirtualName,
                Ebs = !device.IsEbs ? null : new EbsBlockDevice
                {
                    DeleteOnTermination = device.DeleteOnTermination,
                    SnapshotId = device.SnapshotId,
                    VolumeSize = device.VolumeSizeGiB,
                    VolumeType = device.VolumeType,
                    Iops = device.Iops,
                    Throughput = device.Throughput,
                    Encrypted = device.Encrypted,
                },
            };
        }
        return mapping;
    }
}

/// <summary>Why an image is in its state. EC2 API Reference "StateReason".</summary>
public sealed record ImageStateReason(string Code, string? Message);

/// <summary>A product code. EC2 API Reference "ProductCode".</summary>
public sealed record ImageProductCode(
    [property: Wire("productCode")] string ProductCodeId, [property: Wire("type")] string ProductCodeType);
