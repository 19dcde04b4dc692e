using Kiln.Service.Ec2.Instances;

namespace Kiln.Service.Imds;

/// <summary>What an instance can show of itself, in the bytes that are signed. EC2 User Guide "Instance identity
/// documents".</summary>
internal static class IdentityDocument
{
    /// <summary>The document of an instance: the same bytes until it is started again.</summary>
    public static string Of(Instance instance) => AwsJson.Of(
        ("accountId", instance.AccountId),
        ("architecture", instance.Platform.Architecture),
        ("availabilityZone", instance.AvailabilityZone),
        ("billingProducts", null),
        ("devpayProductCodes", null),
        ("marketplaceProductCodes", null),
        ("imageId", instance.ImageId),
        ("instanceId", instance.Id),
        ("instanceType", instance.InstanceType),
        ("kernelId", instance.Platform.KernelId),
        ("pendingTime", AwsJson.Time(instance.LaunchTime)),
        ("privateIp", instance.PrivateIpAddress),
        ("ramdiskId", instance.Platform.RamdiskId),
        ("region", instance.Region),
        ("version", "2017-09-30"));
}
