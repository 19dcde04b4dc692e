using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.Network;

/// <summary>An interface on the wire. EC2 API Reference "NetworkInterface".</summary>
public sealed record NetworkInterfaceItem
{
    public required string NetworkInterfaceId { get; init; }
    public required string SubnetId { get; init; }
    public required string VpcId { get; init; }
    public required string AvailabilityZone { get; init; }
    public required string AvailabilityZoneId { get; init; }
    public required string Description { get; init; }
    public required string OwnerId { get; init; }
    public bool RequesterManaged { get; init; }
    public string Status { get; init; } = "in-use";
    public required string MacAddress { get; init; }
    public required string PrivateIpAddress { get; init; }
    public required string PrivateDnsName { get; init; }
    public required bool SourceDestCheck { get; init; }
    [Wire("groupSet")] public required IReadOnlyList<GroupIdentifier> Groups { get; init; }
    public required AttachmentItem Attachment { get; init; }
    public AssociationItem? Association { get; init; }
    [Wire("privateIpAddressesSet")] public required IReadOnlyList<AddressItem> PrivateIpAddresses { get; init; }
    public string InterfaceType { get; init; } = "interface";
    [Wire("tagSet")] public required IReadOnlyList<Tag> TagSet { get; init; }

    /// <summary>An interface with its machine loaded, and the caller's tags of it.</summary>
    public static NetworkInterfaceItem Of(NetworkInterface row, IReadOnlyList<Tag> tags)
    {
        var association = row.Instance?.PublicIpAddress is { } address
            ? new AssociationItem("amazon", DnsNames.Public(row.Region, address), address)
            : null;
        var name = DnsNames.Private(row.Region, row.PrivateIpAddress);
        return new NetworkInterfaceItem
        {
            NetworkInterfaceId = row.Id,
            SubnetId = row.SubnetId,
            VpcId = row.VpcId,
            AvailabilityZone = row.AvailabilityZone,
            AvailabilityZoneId = Zone.ByName(row.Region, row.AvailabilityZone)!.Id,
            Description = row.Description,
            OwnerId = row.AccountId,
            MacAddress = row.MacAddress,
            PrivateIpAddress = row.PrivateIpAddress,
            PrivateDnsName = name,
            SourceDestCheck = row.SourceDestCheck,
            Groups = [.. row.Groups.Select(g => new GroupIdentifier(g.GroupId, g.GroupName))],
            Attachment = new AttachmentItem(
                row.AttachmentId, row.InstanceId, row.AccountId, 0, "attached", row.AttachTime, true),
            Association = association,
            PrivateIpAddresses = [new AddressItem(row.PrivateIpAddress, name, true, association)],
            TagSet = tags,
        };
    }

    /// <summary>How it hangs on its machine.</summary>
    public sealed record AttachmentItem(
        string AttachmentId, string InstanceId, string InstanceOwnerId, int DeviceIndex, string Status,
        DateTimeOffset AttachTime, bool DeleteOnTermination);

    /// <summary>Its public address.</summary>
    public sealed record AssociationItem(string IpOwnerId, string PublicDnsName, string PublicIp);

    /// <summary>Its private address.</summary>
    public sealed record AddressItem(
        string PrivateIpAddress, string PrivateDnsName, bool Primary, AssociationItem? Association);
}
