using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Network;

namespace Kiln.Service.Ec2.Instances;

/// <summary>An instance's interface on the wire. EC2 API Reference "InstanceNetworkInterface".</summary>
public sealed record InstanceInterfaceItem
{
    public required string NetworkInterfaceId { get; init; }
    public required string SubnetId { get; init; }
    public required string VpcId { get; init; }
    public required string Description { get; init; }
    public required string OwnerId { get; init; }
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

    /// <summary>An instance's interface.</summary>
    public static InstanceInterfaceItem Of(Instance instance, NetworkInterface row)
    {
        var association = instance.PublicIpAddress is { } address
            ? new AssociationItem("amazon", DnsNames.Public(row.Region, address), address)
            : null;
        var name = DnsNames.Private(row.Region, row.PrivateIpAddress);
        return new InstanceInterfaceItem
        {
            NetworkInterfaceId = row.Id,
            SubnetId = row.SubnetId,
            VpcId = row.VpcId,
            Description = row.Description,
            OwnerId = row.AccountId,
            MacAddress = row.MacAddress,
            PrivateIpAddress = row.PrivateIpAddress,
            PrivateDnsName = name,
            SourceDestCheck = row.SourceDestCheck,
            Groups = [.. row.Groups.Select(g => new GroupIdentifier(g.GroupId, g.GroupName))],
            Attachment = new AttachmentItem(row.AttachmentId, 0, "attached", row.AttachTime, true),
            Association = association,
            PrivateIpAddresses = [new AddressItem(row.PrivateIpAddress, name, true, association)],
        };
    }

    /// <summary>How it hangs on its machine.</summary>
    public sealed record AttachmentItem(
        string AttachmentId, int DeviceIndex, string Status, DateTimeOffset AttachTime, bool DeleteOnTermination);

    /// <summary>Its public address.</summary>
    public sealed record AssociationItem(string IpOwnerId, string PublicDnsName, string PublicIp);

    /// <summary>Its private address.</summary>
    public sealed record AddressItem(
        string PrivateIpAddress, string PrivateDnsName, bool Primary, AssociationItem? Association);
}
