using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Makes a subnet in a VPC.</summary>
[Operation("ec2:CreateSubnet")]
public sealed class CreateSubnet(Db db) : IOperation<CreateSubnet.Request, CreateSubnet.Response>
{
    [Unsupported("Kiln's networks are IPv4", "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength", "Ipv6Native")]
    [Unsupported("Kiln has no address manager", "Ipv4IpamPoolId", "Ipv4NetmaskLength")]
    [Unsupported("Outposts only", "OutpostArn")]
    public sealed record Request
    {
        public required string VpcId { get; init; }
        public string? CidrBlock { get; init; }
        public string? AvailabilityZone { get; init; }
        public string? AvailabilityZoneId { get; init; }
        [Wire("TagSpecification")] public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(SubnetItem Subnet);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var text = request.CidrBlock ?? throw Ec2Error.MissingParameter("cidrBlock");
        var range = Cidr.Parse(text) ?? throw Ec2Error.InvalidCidr(text);
        var zone = request is { AvailabilityZone: null, AvailabilityZoneId: null }
            ? Zone.Of(call.Region)[0].Name
            : Zone.Read(call.Region, request.AvailabilityZone, request.AvailabilityZoneId).Name;
        var tags = Tagging.Read(call, request.TagSpecifications, "subnet");
        await DefaultNetwork.Ensure(db, call, cancel);
        var vpc = await db.Vpcs.SingleOrDefaultAsync(v => v.Id == request.VpcId
                && v.AccountId == call.AccountId && v.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidVpcIdNotFound(request.VpcId);
        await call.Authorize(
            Arn.Ec2(call.Region, call.AccountId, "subnet", "*"), Arn.Ec2(call.Region, call.AccountId, "vpc", vpc.Id));
        if (!range.IsNetworkSized || !Cidr.Parse(vpc.CidrBlock)!.Value.Contains(range))
            throw Ec2Error.InvalidSubnetRange(text);
        var others = await db.Subnets.Where(s => s.VpcId == vpc.Id).Select(s => s.CidrBlock).ToListAsync(cancel);
        if (others.Count >= Subnet.PerVpcMax)
            throw Ec2Error.NetworkLimitExceeded("SubnetLimitExceeded", "subnets of a VPC", Subnet.PerVpcMax);
        if (others.Exists(other => Cidr.Parse(other)!.Value.Overlaps(range)))
            throw Ec2Error.InvalidSubnetConflict(text);
        var subnet = new Subnet
        {
            Id = Ids.New("subnet"),
            Region = call.Region,
            AccountId = call.AccountId,
            VpcId = vpc.Id,
            CidrBlock = range.ToString(),
            AvailabilityZone = zone,
        };
        db.Add(subnet);
        // A change of the VPC's row: of two calls with overlapping ranges, one runs again and sees the other's.
        db.Entry(vpc).State = EntityState.Modified;
        tags.AddTo(db, "subnet", subnet.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response(SubnetItem.Of(subnet, used: 0, tags.For("subnet")));
    }
}
