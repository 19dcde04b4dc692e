using Kiln.Service.Calls;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>The network that an account finds in every Region. Amazon VPC User Guide "Default VPCs".</summary>
/// <remarks>
/// Made on first use, because accounts need not be created before they call. The row of <see cref="AccountNetwork"/>
/// remembers it, so that a default VPC that its owner deleted stays deleted.
/// </remarks>
public static class DefaultNetwork
{
    /// <summary>The range of every default VPC.</summary>
    public const string CidrBlock = "172.31.0.0/16";

    /// <summary>The prefix of a default subnet.</summary>
    private const int SubnetPrefix = 20;

    /// <summary>Makes sure that the caller's account has its network here. Commits by itself, and once.</summary>
    public static async Task<AccountNetwork> Ensure(Db db, Call call, CancellationToken cancel)
    {
        var known = await db.AccountNetworks.AsNoTracking().SingleOrDefaultAsync(
            n => n.AccountId == call.AccountId && n.Region == call.Region, cancel);
        if (known is not null)
            return known;
        var network = new AccountNetwork
        {
            AccountId = call.AccountId, Region = call.Region, DhcpOptionsId = Ids.New("dopt"),
        };
        db.Add(network);
        Add(db, call, network.DhcpOptionsId);
        // Two first calls at once: the primary key refuses one, which then runs again and finds the other's.
        await db.SaveChangesAsync(cancel);
        return network;
    }

    /// <summary>Adds a default VPC with a subnet for each zone; not yet committed.</summary>
    public static Vpc Add(Db db, Call call, string dhcpOptionsId)
    {
        var vpc = AddVpc(db, call, Cidr.Parse(CidrBlock)!.Value, dhcpOptionsId, isDefault: true);
        var range = Cidr.Parse(CidrBlock)!.Value;
        foreach (var (zone, index) in Zone.Of(call.Region).Select((zone, index) => (zone.Name, index)))
        {
            var subnet = new Cidr(range.Network + ((uint)index << (32 - SubnetPrefix)), SubnetPrefix);
            db.Add(new Subnet
            {
                Id = Ids.New("subnet"),
                Region = call.Region,
                AccountId = call.AccountId,
                VpcId = vpc.Id,
                CidrBlock = subnet.ToString(),
                AvailabilityZone = zone,
                DefaultForAz = true,
                MapPublicIpOnLaunch = true,
            });
        }
        return vpc;
    }

    /// <summary>Adds a VPC with its route table and its default security group; not yet committed.</summary>
    public static Vpc AddVpc(Db db, Call call, Cidr range, string dhcpOptionsId, bool isDefault)
    {
        var vpc = new Vpc
        {
            Id = Ids.New("vpc"),
            Region = call.Region,
            AccountId = call.AccountId,
            CidrBlock = range.ToString(),
            CidrAssociationId = Ids.New("vpc-cidr-assoc"),
            DefaultKey = isDefault ? "default" : null,
            IsDefault = isDefault,
            DhcpOptionsId = dhcpOptionsId,
            RouteTableId = Ids.New("rtb"),
            RouteTableAssociationId = Ids.New("rtbassoc"),
            InternetGatewayId = isDefault ? Ids.New("igw") : null,
            EnableDnsHostnames = isDefault,
        };
        db.Add(vpc);
        var group = new SecurityGroup
        {
            Id = Ids.New("sg"),
            Region = call.Region,
            AccountId = call.AccountId,
            VpcId = vpc.Id,
            Name = SecurityGroup.DefaultName,
            Description = "default VPC security group",
        };
        // Members may talk to each other and to everybody; nobody else may talk to them.
        group.Rules.Add(SecurityGroupRule.Of(group.Id, egress: false, "-1", null, null, null, null, group.Id, null));
        group.Rules.Add(SecurityGroupRule.AllOut(group.Id));
        db.Add(group);
        return vpc;
    }

    /// <summary>The default VPC.</summary>
    /// <exception cref="Protocol.Errors.AwsException">VPCIdNotSpecified: its owner has deleted it.</exception>
    public static async Task<Vpc> Find(Db db, Call call, CancellationToken cancel)
    {
        await Ensure(db, call, cancel);
        return await db.Vpcs.SingleOrDefaultAsync(
            v => v.AccountId == call.AccountId && v.Region == call.Region && v.IsDefault, cancel)
            ?? throw Ec2Error.NoDefaultVpc();
    }
}
