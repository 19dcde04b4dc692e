using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>Tells an image's owner one of its attributes. EC2 API Reference "DescribeImageAttribute".</summary>
[Operation("ec2:DescribeImageAttribute")]
public sealed class DescribeImageAttribute(Db db, TimeProvider clock)
    : IOperation<DescribeImageAttribute.Request, DescribeImageAttribute.Response>
{
    /// <summary>The attribute.</summary>
    public sealed record Request
    {
        /// <summary>Its name, e.g. <c>launchPermission</c>.</summary>
        public required string Attribute { get; init; }

        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The one attribute.</summary>
    public sealed record Response
    {
        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>The description.</summary>
        public AttributeValue? Description { get; init; }

        /// <summary>The kernel.</summary>
        [Wire("kernel")]
        public AttributeValue? KernelId { get; init; }

        /// <summary>The RAM disk.</summary>
        [Wire("ramdisk")]
        public AttributeValue? RamdiskId { get; init; }

        /// <summary><c>simple</c> or nothing.</summary>
        public AttributeValue? SriovNetSupport { get; init; }

        /// <summary>The boot mode.</summary>
        public AttributeValue? BootMode { get; init; }

        /// <summary><c>v2.0</c> or nothing.</summary>
        public AttributeValue? TpmSupport { get; init; }

        /// <summary>The UEFI variable store, base64.</summary>
        public AttributeValue? UefiData { get; init; }

        /// <summary>When an instance was last launched from it.</summary>
        public AttributeValue? LastLaunchedTime { get; init; }

        /// <summary><c>v2.0</c> or nothing.</summary>
        public AttributeValue? ImdsSupport { get; init; }

        /// <summary>The protection.</summary>
        public AttributeValue? DeregistrationProtection { get; init; }

        /// <summary>Who besides the owner may launch it.</summary>
        [Wire("launchPermission")]
        public IReadOnlyList<LaunchPermissionItem>? LaunchPermissions { get; init; }

        /// <summary>Product codes.</summary>
        [Wire("productCodes")]
        public IReadOnlyList<ImageProductCode>? ProductCodes { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel, withPermissions: true);
        var answer = Answer(image, request.Attribute, now);
        await call.Authorize(Arn.Image(call.Region, image.Id));
        return answer;
    }

    private static Response Answer(Image image, string attribute, DateTimeOffset now)
    {
        var answer = new Response { ImageId = image.Id };
        var platform = image.Platform;
        return attribute switch
        {
            "description" => answer with { Description = Value(image.Description) },
            "kernel" => answer with { KernelId = Value(platform.KernelId) },
            "ramdisk" => answer with { RamdiskId = Value(platform.RamdiskId) },
            "sriovNetSupport" => answer with { SriovNetSupport = Value(platform.SriovNetSupport) },
            "bootMode" => answer with { BootMode = Value(platform.BootMode) },
            "tpmSupport" => answer with { TpmSupport = Value(platform.TpmSupport) },
            "uefiData" => answer with { UefiData = Value(platform.UefiData) },
            "imdsSupport" => answer with { ImdsSupport = Value(image.ImdsSupport) },
            "deregistrationProtection" => answer with { DeregistrationProtection = Value(image.ProtectionText(now)) },
            "lastLaunchedTime" => answer with
            {
                LastLaunchedTime = Value(image.LastLaunchedTime is { } time ? ImageItem.Milliseconds(time) : null),
            },
            "launchPermission" => answer with
            {
                LaunchPermissions = [.. image.LaunchPermissions.OrderBy(p => p.Kind, StringComparer.Ordinal)
                    .ThenBy(p => p.Value, StringComparer.Ordinal).Select(LaunchPermissionItem.Of)],
            },
            "productCodes" => answer with
            {
                ProductCodes = [.. image.ProductCodes.Select(c => new ImageProductCode(c, "marketplace"))],
            },
            // AWS has withdrawn this attribute and says so in this way.
            "blockDeviceMapping" => throw Ec2Error.Unauthorized(
                "Unauthorized attempt to access restricted resource: blockDeviceMapping. Use DescribeImages."),
            _ => throw Ec2Error.InvalidParameterValue(Ec2Error.Short(attribute), "attribute",
                "It must be one of: description, kernel, ramdisk, launchPermission, productCodes, sriovNetSupport, " +
                "bootMode, tpmSupport, uefiData, lastLaunchedTime, imdsSupport, deregistrationProtection."),
        };
    }

    private static AttributeValue Value(string? value) => new() { Value = value };
}
