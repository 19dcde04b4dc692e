using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.InstanceTypes;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Instances;

/// <summary>An instance on the wire. EC2 API Reference "Instance".</summary>
public sealed record InstanceItem
{
    public required string InstanceId { get; init; }
    public required string ImageId { get; init; }
    [Wire("instanceState")] public required InstanceStateItem State { get; init; }
    public required string PrivateDnsName { get; init; }
    [Wire("dnsName")] public required string PublicDnsName { get; init; }
    [Wire("reason")] public required string StateTransitionReason { get; init; }
    public StateReasonItem? StateReason { get; init; }
    public string? KeyName { get; init; }
    public required int AmiLaunchIndex { get; init; }
    public required string InstanceType { get; init; }
    public required DateTimeOffset LaunchTime { get; init; }
    public required PlacementItem Placement { get; init; }
    public string? KernelId { get; init; }
    public string? RamdiskId { get; init; }
    public string? Platform { get; init; }
    public string? PlatformDetails { get; init; }
    public string? UsageOperation { get; init; }
    public required DateTimeOffset UsageOperationUpdateTime { get; init; }
    public required MonitoringItem Monitoring { get; init; }
    public string? SubnetId { get; init; }
    public string? VpcId { get; init; }
    public string? PrivateIpAddress { get; init; }
    [Wire("ipAddress")] public string? PublicIpAddress { get; init; }
    public bool? SourceDestCheck { get; init; }
    [Wire("groupSet")] public required IReadOnlyList<GroupIdentifier> SecurityGroups { get; init; }
    public required string Architecture { get; init; }
    public required string RootDeviceType { get; init; }
    public string? RootDeviceName { get; init; }

    [Wire("blockDeviceMapping")]
    public required IReadOnlyList<InstanceDeviceItem> BlockDeviceMappings { get; init; }

    public required string VirtualizationType { get; init; }
    public required string ClientToken { get; init; }
    [Wire("tagSet")] public required IReadOnlyList<Tag> Tags { get; init; }
    public string Hypervisor { get; init; } = "xen";
    [Wire("networkInterfaceSet")] public required IReadOnlyList<InstanceInterfaceItem> NetworkInterfaces { get; init; }
    public required bool EbsOptimized { get; init; }
    public required bool EnaSupport { get; init; }
    public string? SriovNetSupport { get; init; }
    public ProfileItem? IamInstanceProfile { get; init; }
    public required CpuItem CpuOptions { get; init; }
    public required MetadataOptionsItem MetadataOptions { get; init; }
    public string? BootMode { get; init; }
    public required string CurrentInstanceBootMode { get; init; }
    public string? TpmSupport { get; init; }

    /// <summary>An instance with its interface loaded, its volumes, and the caller's tags of it.</summary>
    public static InstanceItem Of(
        Instance row, IEnumerable<VolumeAttachment> volumes, IReadOnlyList<Tag> tags)
    {
        var type = InstanceTypeCatalog.Find(row.InstanceType);
        var card = row.Interface;
        return new InstanceItem
        {
            InstanceId = row.Id,
            ImageId = row.ImageId,
            State = InstanceStateItem.Of(row.State),
            PrivateDnsName = card is null ? "" : DnsNames.Private(row.Region, row.PrivateIpAddress),
            PublicDnsName = row.PublicIpAddress is { } address ? DnsNames.Public(row.Region, address) : "",
            StateTransitionReason = row.StateTransitionReason,
            StateReason = row.StateReasonCode is { } code
                ? new StateReasonItem(code, row.StateReasonMessage ?? code) : null,
            KeyName = row.KeyName,
            AmiLaunchIndex = row.LaunchIndex,
            InstanceType = row.InstanceType,
            LaunchTime = row.LaunchTime,
            Placement = new PlacementItem(row.AvailabilityZone, "", "default"),
            KernelId = row.Platform.KernelId,
            RamdiskId = row.Platform.RamdiskId,
            Platform = row.Platform.Platform,
            PlatformDetails = row.Platform.PlatformDetails,
            UsageOperation = row.Platform.UsageOperation,
            UsageOperationUpdateTime = row.CreatedAt,
            Monitoring = MonitoringItem.Of(row),
            SubnetId = card?.SubnetId,
            VpcId = card?.VpcId,
            PrivateIpAddress = card?.PrivateIpAddress,
            PublicIpAddress = row.PublicIpAddress,
            SourceDestCheck = card?.SourceDestCheck,
            SecurityGroups = card is null
                ? [] : [.. card.Groups.Select(g => new GroupIdentifier(g.GroupId, g.GroupName))],
            Architecture = row.Platform.Architecture,
            RootDeviceType = row.RootDeviceType,
            RootDeviceName = row.RootDeviceName,
            BlockDeviceMappings =
                [.. volumes.OrderBy(v => v.Device, StringComparer.Ordinal).Select(InstanceDeviceItem.Of)],
            VirtualizationType = row.Platform.VirtualizationType,
            ClientToken = row.ClientToken,
            Tags = tags,
            NetworkInterfaces = card is null ? [] : [InstanceInterfaceItem.Of(row, card)],
            EbsOptimized = row.EbsOptimized,
            EnaSupport = row.Platform.EnaSupport,
            SriovNetSupport = row.Platform.SriovNetSupport,
            IamInstanceProfile = row.IamInstanceProfileArn is { } arn
                ? new ProfileItem(arn, row.IamInstanceProfileId ?? "") : null,
            CpuOptions = new CpuItem(
                Math.Max(1, (type?.VCpus ?? 1) / (type?.ThreadsPerCore ?? 1)), type?.ThreadsPerCore ?? 1),
            MetadataOptions = MetadataOptionsItem.Of(row.MetadataOptions),
            BootMode = row.Platform.BootMode,
            CurrentInstanceBootMode = LaunchRules.BootModeOf(row.Platform, type),
            TpmSupport = row.Platform.TpmSupport,
        };
    }

    /// <summary>Where it runs.</summary>
    public sealed record PlacementItem(string AvailabilityZone, string GroupName, string Tenancy);

    /// <summary>Its instance profile.</summary>
    public sealed record ProfileItem(string Arn, string Id);

    /// <summary>Its processor.</summary>
    public sealed record CpuItem(int CoreCount, int ThreadsPerCore);
}
