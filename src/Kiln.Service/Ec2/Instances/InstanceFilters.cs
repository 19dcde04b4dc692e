using System.Globalization;
using System.Linq.Expressions;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.InstanceTypes;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.Instances;

/// <summary>The filters of DescribeInstances. EC2 API Reference "DescribeInstances", "Filter.N".</summary>
public static class InstanceFilters
{
    /// <summary>All of them.</summary>
    public static FilterSet<Instance> All { get; } = AddNetwork(AddVolumes(Own()));

    private static FilterSet<Instance> Own() => new FilterSet<Instance>()
        .Within("architecture", i => i.Platform, p => p.Architecture)
        .Text("availability-zone", i => i.AvailabilityZone)
        .Computed("availability-zone-id", i => Zone.ByName(i.Region, i.AvailabilityZone)?.Id)
        .Within("boot-mode", i => i.Platform, p => p.BootMode)
        .Text("client-token", i => i.ClientToken)
        .Computed("current-instance-boot-mode",
            i => LaunchRules.BootModeOf(i.Platform, InstanceTypeCatalog.Find(i.InstanceType)))
        .Computed("dns-name", i => i.PublicIpAddress is { } a ? DnsNames.Public(i.Region, a) : null)
        .Bool("ebs-optimized", i => i.EbsOptimized)
        .Computed("ena-support", i => Text(i.Platform.EnaSupport))
        .Computed("hypervisor", _ => "xen")
        .Text("iam-instance-profile.arn", i => i.IamInstanceProfileArn)
        .Text("iam-instance-profile.id", i => i.IamInstanceProfileId)
        .Text("image-id", i => i.ImageId)
        .Text("instance-id", i => i.Id)
        .Computed("instance-state-code", i => Text((int)i.State))
        .Enum("instance-state-name", i => i.State)
        .Text("instance-type", i => i.InstanceType)
        .Computed("instance.group-id", i => i.Interface?.Groups.Select(g => g.GroupId) ?? [])
        .Computed("instance.group-name", i => i.Interface?.Groups.Select(g => g.GroupName) ?? [])
        .Text("ip-address", i => i.PublicIpAddress)
        .Within("kernel-id", i => i.Platform, p => p.KernelId)
        .Text("key-name", i => i.KeyName)
        .Computed("launch-index", i => Text(i.LaunchIndex))
        .Computed("launch-time", i => Timestamps.Format(i.LaunchTime, TimestampFormat.Iso8601))
        .Computed("metadata-options.http-endpoint", i => i.MetadataOptions.HttpEndpoint)
        .Computed("metadata-options.http-protocol-ipv4", _ => "enabled")
        .Computed("metadata-options.http-protocol-ipv6", _ => "disabled")
        .Computed("metadata-options.http-put-response-hop-limit", i => Text(i.MetadataOptions.HttpPutResponseHopLimit))
        .Computed("metadata-options.http-tokens", i => i.MetadataOptions.HttpTokens)
        .Computed("metadata-options.instance-metadata-tags", i => i.MetadataOptions.InstanceMetadataTags)
        .Computed("monitoring-state", i => i.Monitoring ? "enabled" : "disabled")
        .Text("owner-id", i => i.AccountId)
        .Within("platform", i => i.Platform, p => p.Platform)
        .Within("platform-details", i => i.Platform, p => p.PlatformDetails)
        .Computed("private-dns-name", i => DnsNames.Private(i.Region, i.PrivateIpAddress))
        .Text("private-ip-address", i => i.PrivateIpAddress)
        .Within("ramdisk-id", i => i.Platform, p => p.RamdiskId)
        .Text("reason", i => i.StateTransitionReason)
        .Text("reservation-id", i => i.ReservationId)
        .Text("root-device-name", i => i.RootDeviceName)
        .Text("root-device-type", i => i.RootDeviceType)
        .Computed("source-dest-check", i => i.Interface is { } card ? Text(card.SourceDestCheck) : null)
        .Text("state-reason-code", i => i.StateReasonCode)
        .Text("state-reason-message", i => i.StateReasonMessage)
        .Text("subnet-id", i => i.SubnetId)
        .Computed("tenancy", _ => "default")
        .Within("tpm-support", i => i.Platform, p => p.TpmSupport)
        .Computed("usage-operation", i => i.Platform.UsageOperation)
        .Computed("usage-operation-update-time", i => Timestamps.Format(i.LaunchTime, TimestampFormat.Iso8601))
        .Within("virtualization-type", i => i.Platform, p => p.VirtualizationType)
        .Text("vpc-id", i => i.VpcId)
        .Computed("operator.managed", _ => "false")
        .Never("capacity-reservation-id", "host-id", "instance-lifecycle", "operator.principal", "outpost-arn",
            "placement-group-name", "placement-partition-number", "requester-id", "spot-instance-request-id")
        .Tags(i => i.Id);

    private static FilterSet<Instance> AddVolumes(FilterSet<Instance> filters) => filters
        .Query("block-device-mapping.device-name", (context, values) =>
            Attached(context, FilterSet<VolumeAttachment>.AnyOf(a => a.Device, values)))
        .Query("block-device-mapping.volume-id", (context, values) =>
            Attached(context, FilterSet<VolumeAttachment>.AnyOf(a => a.VolumeId, values)))
        .Query("block-device-mapping.delete-on-termination", (context, values) =>
        {
            var wanted = values.Select(v => v == "true").Distinct().ToList();
            return Attached(context, a => wanted.Contains(a.DeleteOnTermination));
        })
        .Query("block-device-mapping.status", (context, values) =>
        {
            var wanted = Enum.GetValues<AttachmentState>()
                .Where(s => values.Any(v => Wildcard.Matches(v, s.ToString().ToLowerInvariant()))).ToList();
            return Attached(context, a => wanted.Contains(a.State));
        });

    private static FilterSet<Instance> AddNetwork(FilterSet<Instance> filters)
    {
        void Add(string name, Func<Instance, NetworkInterface, string?> text) =>
            filters.Computed($"network-interface.{name}", i => i.Interface is { } card ? text(i, card) : null);
        Add("network-interface-id", (_, card) => card.Id);
        Add("addresses.primary", (_, _) => "true");
        Add("addresses.private-ip-address", (_, card) => card.PrivateIpAddress);
        Add("private-ip-address", (_, card) => card.PrivateIpAddress);
        Add("addresses.association.public-ip", (i, _) => i.PublicIpAddress);
        Add("association.public-ip", (i, _) => i.PublicIpAddress);
        Add("attachment.attachment-id", (_, card) => card.AttachmentId);
        Add("attachment.delete-on-termination", (_, _) => "true");
        Add("attachment.device-index", (_, _) => "0");
        Add("attachment.instance-id", (i, _) => i.Id);
        Add("attachment.status", (_, _) => "attached");
        Add("availability-zone", (_, card) => card.AvailabilityZone);
        Add("description", (_, card) => card.Description);
        Add("mac-address", (_, card) => card.MacAddress);
        Add("owner-id", (_, card) => card.AccountId);
        Add("private-dns-name", (_, card) => DnsNames.Private(card.Region, card.PrivateIpAddress));
        Add("source-dest-check", (_, card) => Text(card.SourceDestCheck));
        Add("status", (_, _) => "in-use");
        Add("subnet-id", (_, card) => card.SubnetId);
        Add("vpc-id", (_, card) => card.VpcId);
        return filters
            .Computed("network-interface.group-id", i => i.Interface?.Groups.Select(g => g.GroupId) ?? [])
            .Computed("network-interface.group-name", i => i.Interface?.Groups.Select(g => g.GroupName) ?? []);
    }

    private static Expression<Func<Instance, bool>> Attached(
        FilterContext context, Expression<Func<VolumeAttachment, bool>> wanted)
    {
        var ids = context.Db.VolumeAttachments.Where(wanted).Select(a => a.InstanceId);
        return i => ids.Contains(i.Id);
    }

    private static string Text(bool value) => value ? "true" : "false";

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
