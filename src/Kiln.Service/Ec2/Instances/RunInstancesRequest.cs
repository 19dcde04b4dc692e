using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Instances;

/// <summary>What a launch may ask for. EC2 API Reference "RunInstances".</summary>
[Unsupported("Kiln's networks are IPv4", "Ipv6AddressCount", "Ipv6Addresses", "EnablePrimaryIpv6")]
[Unsupported("Kiln has no launch templates", "LaunchTemplate")]
[Unsupported("Kiln has no spot market", "InstanceMarketOptions")]
[Unsupported("Kiln has no such hardware", "ElasticGpuSpecification", "ElasticInferenceAccelerators",
    "EnclaveOptions", "NetworkPerformanceOptions", "SecondaryInterfaces")]
[Unsupported("an instance has the processor of its type", "CpuOptions", "CreditSpecification")]
[Unsupported("Kiln reserves no capacity", "CapacityReservationSpecification")]
[Unsupported("Kiln does not hibernate instances", "HibernationOptions")]
[Unsupported("Kiln keeps no licences", "LicenseSpecifications")]
[Unsupported("Kiln names instances by address", "PrivateDnsNameOptions")]
[Unsupported("Kiln does not move instances", "MaintenanceOptions")]
[Unsupported("no service provider manages instances here", "Operator")]
[Unsupported("AWS reserves it", "AdditionalInfo")]
public sealed record RunInstancesRequest
{
    /// <summary>Instances in one call: EC2's limit is the account's.</summary>
    public const int CountMax = 1_000;

    [Wire("BlockDeviceMapping"), MaxLength(100)]
    public IReadOnlyList<BlockDeviceMapping> BlockDeviceMappings { get; init; } = [];

    [MaxLength(2060), EmptyIsPresent] public string? ImageId { get; init; }
    [MaxLength(64)] public string? InstanceType { get; init; }
    [MaxLength(64)] public string? KernelId { get; init; }
    [MaxLength(64)] public string? RamdiskId { get; init; }
    [MaxLength(255)] public string? KeyName { get; init; }
    public required int MaxCount { get; init; }
    public required int MinCount { get; init; }
    public MonitoringChoice? Monitoring { get; init; }
    public PlacementChoice? Placement { get; init; }
    [Wire("SecurityGroupId"), MaxLength(16)] public IReadOnlyList<string> SecurityGroupIds { get; init; } = [];
    [Wire("SecurityGroup"), MaxLength(16)] public IReadOnlyList<string> SecurityGroups { get; init; } = [];
    public string? SubnetId { get; init; }
    public string? UserData { get; init; }
    [Wire("TagSpecification")] public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];
    public MetadataChoice? MetadataOptions { get; init; }
    public bool? DisableApiStop { get; init; }
    public bool? DisableApiTermination { get; init; }
    public string? InstanceInitiatedShutdownBehavior { get; init; }
    public string? PrivateIpAddress { get; init; }
    [MaxLength(64)] public string? ClientToken { get; init; }

    [Wire("NetworkInterface"), MaxLength(16)]
    public IReadOnlyList<LaunchInterface> NetworkInterfaces { get; init; } = [];

    public LaunchProfile? IamInstanceProfile { get; init; }
    public bool? EbsOptimized { get; init; }
    public bool? DryRun { get; init; }

    /// <summary>Detailed monitoring.</summary>
    public sealed record MonitoringChoice(bool Enabled);

    /// <summary>Where to launch. EC2 API Reference "Placement".</summary>
    [Unsupported("Kiln has shared hosts only", "Affinity", "HostId", "HostResourceGroupArn", "SpreadDomain")]
    [Unsupported("Kiln has no placement groups", "GroupName", "GroupId", "PartitionNumber")]
    public sealed record PlacementChoice
    {
        /// <summary>The zone's name.</summary>
        public string? AvailabilityZone { get; init; }

        /// <summary>The zone's id.</summary>
        public string? AvailabilityZoneId { get; init; }

        /// <summary><c>default</c>.</summary>
        public string? Tenancy { get; init; }
    }

    /// <summary>How the metadata service answers.</summary>
    public sealed record MetadataChoice
    {
        public string? HttpTokens { get; init; }
        public int? HttpPutResponseHopLimit { get; init; }
        public string? HttpEndpoint { get; init; }
        public string? HttpProtocolIpv6 { get; init; }
        public string? InstanceMetadataTags { get; init; }
    }
}
