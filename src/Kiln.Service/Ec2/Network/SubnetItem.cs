using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.Network;

/// <summary>A subnet on the wire. EC2 API Reference "Subnet".</summary>
public sealed record SubnetItem
{
    public required string SubnetId { get; init; }
    public required string SubnetArn { get; init; }
    public required string OwnerId { get; init; }
    public required string VpcId { get; init; }
    public string State { get; init; } = "available";
    public required string CidrBlock { get; init; }
    public required string AvailabilityZone { get; init; }
    public required string AvailabilityZoneId { get; init; }
    public required int AvailableIpAddressCount { get; init; }
    public required bool DefaultForAz { get; init; }
    public required bool MapPublicIpOnLaunch { get; init; }
    public bool AssignIpv6AddressOnCreation { get; init; }
    public bool EnableDns64 { get; init; }
    public bool Ipv6Native { get; init; }
    public bool MapCustomerOwnedIpOnLaunch { get; init; }
    [Wire("tagSet")] public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>A subnet, how many of its addresses machines have, and the caller's tags of it.</summary>
    public static SubnetItem Of(Subnet subnet, int used, IReadOnlyList<Tag> tags) => new()
    {
        SubnetId = subnet.Id,
        SubnetArn = Arn.Ec2(subnet.Region, subnet.AccountId, "subnet", subnet.Id),
        OwnerId = subnet.AccountId,
        VpcId = subnet.VpcId,
        CidrBlock = subnet.CidrBlock,
        AvailabilityZone = subnet.AvailabilityZone,
        AvailabilityZoneId = Zone.ByName(subnet.Region, subnet.AvailabilityZone)!.Id,
        AvailableIpAddressCount = Free(subnet, used),
        DefaultForAz = subnet.DefaultForAz,
        MapPublicIpOnLaunch = subnet.MapPublicIpOnLaunch,
        Tags = tags,
    };

    /// <summary>Addresses that are left; a /16, the widest, has 65,531.</summary>
    public static int Free(Subnet subnet, int used) =>
        (int)(Cidr.Parse(subnet.CidrBlock)!.Value.Size - Subnet.ReservedAddresses - used);
}
