using System.Buffers.Text;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Images;

/// <summary>What RegisterImage accepts, and what it makes of what is left out.</summary>
internal static class RegisterRules
{
    private static readonly string[] Architectures = ["i386", "x86_64", "arm64", "x86_64_mac", "arm64_mac"];
    private static readonly string[] VirtualizationTypes = ["hvm", "paravirtual"];
    private static readonly string[] BootModes = ["legacy-bios", "uefi", "uefi-preferred"];

    /// <summary>Checks each attribute by itself.</summary>
    public static void CheckValues(RegisterImage.Request request)
    {
        OneOf(request.Architecture, "architecture", Architectures);
        OneOf(request.VirtualizationType, "virtualizationType", VirtualizationTypes);
        OneOf(request.BootMode, "bootMode", BootModes);
        OneOf(request.TpmSupport, "tpmSupport", "v2.0");
        OneOf(request.ImdsSupport, "imdsSupport", "v2.0");
        OneOf(request.SriovNetSupport, "sriovNetSupport", "simple");
        if (request.KernelId is { } kernel && !Ids.IsWellFormed("aki", kernel))
            throw Ec2Error.InvalidKernelIdMalformed(kernel);
        if (request.RamdiskId is { } ramdisk && !Ids.IsWellFormed("ari", ramdisk))
            throw Ec2Error.InvalidRamDiskIdMalformed(ramdisk);
        if (request.UefiData is { } uefi && !Base64.IsValid(uefi))
            throw Ec2Error.InvalidParameterValue("The parameter uefiData is not base64.");
    }

    /// <summary>The root's entry of the mapping.</summary>
    public static BlockDeviceMapping CheckRoot(RegisterImage.Request request)
    {
        foreach (var entry in request.BlockDeviceMappings)
        {
            if (entry.Ebs is not { } ebs)
                continue;
            if (ebs is { SnapshotId: not null, Encrypted: not null })
            {
                throw Ec2Error.InvalidBlockDeviceMapping($"Encrypted cannot be given for {entry.DeviceName}: " +
                    "the volume has the encryption of its snapshot. Leave it out; CopyImage can encrypt.");
            }
            if (ebs.KmsKeyId is not null)
            {
                throw Ec2Error.InvalidBlockDeviceMapping($"KmsKeyId cannot be given for {entry.DeviceName}: " +
                    "RegisterImage takes no key. CopyImage can encrypt under another key.");
            }
        }
        var root = request.BlockDeviceMappings.FirstOrDefault(d => d.DeviceName == request.RootDeviceName);
        return root?.Ebs?.SnapshotId is not null ? root : throw Ec2Error.InvalidBlockDeviceMapping(
            "No root snapshot specified in device mapping. RootDeviceName must name an entry that has a SnapshotId.");
    }

    /// <summary>What the image runs on: what the call says, else what its origin was, else AWS's defaults.</summary>
    public static ImagePlatform Platform(RegisterImage.Request request, ImagePlatform? origin)
    {
        var virtualization = request.VirtualizationType ?? origin?.VirtualizationType ?? "paravirtual";
        var isHvm = virtualization == "hvm";
        if (!isHvm && (request.EnaSupport == true || request.SriovNetSupport is not null))
        {
            throw Ec2Error.InvalidParameterCombination(
                "EnaSupport and SriovNetSupport need VirtualizationType hvm; this image is paravirtual.");
        }
        if (isHvm && (request.KernelId ?? request.RamdiskId) is not null)
        {
            throw Ec2Error.InvalidParameterCombination(
                "KernelId and RamdiskId are for paravirtual images; this one is hvm.");
        }
        if (!isHvm && (request.BootMode ?? request.TpmSupport ?? request.UefiData) is not null)
        {
            throw Ec2Error.InvalidParameterCombination(
                "BootMode, TpmSupport and UefiData need VirtualizationType hvm; this image is paravirtual.");
        }
        var bootMode = request.BootMode ?? (isHvm ? origin?.BootMode : null);
        if (request.TpmSupport is not null && bootMode is not ("uefi" or "uefi-preferred"))
            throw Ec2Error.InvalidParameterCombination("TpmSupport needs BootMode uefi.");
        // An origin's devices fit only the kind of machine that it was.
        var alike = origin?.VirtualizationType == virtualization ? origin : null;
        return new ImagePlatform
        {
            Architecture = request.Architecture ?? origin?.Architecture ?? "i386",
            VirtualizationType = virtualization,
            KernelId = request.KernelId ?? alike?.KernelId,
            RamdiskId = request.RamdiskId ?? alike?.RamdiskId,
            Platform = origin?.Platform,
            PlatformDetails = origin?.PlatformDetails ?? "Linux/UNIX",
            UsageOperation = origin?.UsageOperation ?? "RunInstances",
            EnaSupport = request.EnaSupport ?? alike?.EnaSupport ?? false,
            SriovNetSupport = request.SriovNetSupport ?? alike?.SriovNetSupport,
            BootMode = bootMode,
            TpmSupport = request.TpmSupport ?? alike?.TpmSupport,
            UefiData = request.UefiData ?? alike?.UefiData,
        };
    }

    private static void OneOf(string? value, string name, params IReadOnlyList<string> allowed)
    {
        if (value is not null && !allowed.Contains(value))
        {
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(value), name, $"It must be one of: {string.Join(", ", allowed)}.");
        }
    }
}
