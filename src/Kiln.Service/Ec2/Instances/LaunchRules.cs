using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.InstanceTypes;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Whether an image can run on an instance type. EC2 User Guide "Instance type compatibility".</summary>
public static class LaunchRules
{
    /// <summary>User data as sent, before base64: EC2's limit.</summary>
    public const int UserDataBytesMax = 16 * 1024;

    /// <summary>Checks image against type.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, InvalidParameterCombination, Unsupported.</exception>
    public static void Check(Image image, InstanceType type, string? shutdownBehavior)
    {
        Check(image.Platform, image.RootDeviceType, type);
        if (image.RootDeviceType == "instance-store" && shutdownBehavior == "stop")
            throw Ec2Error.InvalidParameterCombination(
                "The attribute instanceInitiatedShutdownBehavior can only be used for EBS-backed images.");
    }

    /// <summary>Checks a machine against a type.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, InvalidParameterCombination.</exception>
    public static void Check(ImagePlatform platform, string rootDeviceType, InstanceType type)
    {
        if (!type.Architectures.Contains(platform.Architecture))
            throw Ec2Error.ArchitectureMismatch(string.Join(",", type.Architectures), platform.Architecture);
        if (!type.VirtualizationTypes.Contains(platform.VirtualizationType))
            throw Ec2Error.InvalidParameterCombination(
                $"Virtualization type '{type.VirtualizationTypes[0]}' is required for instances of type '{type.Name}'. "
                + $"Ensure that you are using an AMI with virtualization type '{type.VirtualizationTypes[0]}'.");
        if (!type.RootDeviceTypes.Contains(rootDeviceType))
            throw Ec2Error.InvalidParameterCombination(
                $"The instance type '{type.Name}' does not support an AMI with the root device type "
                + $"'{rootDeviceType}'.");
        if (type.EnaSupport == "required" && !platform.EnaSupport)
            throw Ec2Error.InvalidParameterCombination(
                $"Enhanced networking with the Elastic Network Adapter (ENA) is required for the '{type.Name}' "
                + "instance type. Ensure that you are using an AMI that is enabled for ENA.");
        if (platform.BootMode is "uefi" or "legacy-bios" && !type.BootModes.Contains(platform.BootMode))
            throw Ec2Error.InvalidParameterCombination(
                $"The boot mode '{platform.BootMode}' of the AMI is not supported by the instance type '{type.Name}'.");
    }

    /// <summary>How an instance of this type boots an image.</summary>
    public static string BootModeOf(ImagePlatform platform, InstanceType? type) => platform.BootMode switch
    {
        "uefi" => "uefi",
        "legacy-bios" => "legacy-bios",
        "uefi-preferred" when type?.BootModes.Contains("uefi") == true => "uefi",
        null when platform.Architecture == "arm64" => "uefi",
        _ => "legacy-bios",
    };

    /// <summary>Checks user data; the wire has it in base64, which is kept.</summary>
    /// <exception cref="AwsException">InvalidParameterValue.</exception>
    public static string? UserData(string? base64)
    {
        if (base64 is null)
            return null;
        var bytes = new byte[((base64.Length + 3) / 4) * 3];
        if (!Convert.TryFromBase64String(base64, bytes, out var length))
            throw Ec2Error.InvalidParameterValue("Invalid BASE64 encoding of user data.");
        return length <= UserDataBytesMax ? base64 : throw Ec2Error.InvalidParameterValue(
            $"User data is limited to {UserDataBytesMax} bytes");
    }
}
