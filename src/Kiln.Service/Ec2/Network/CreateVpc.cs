using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Makes a VPC with its main route table and default security group.</summary>
[Operation("ec2:CreateVpc")]
public sealed class CreateVpc(Db db) : IOperation<CreateVpc.Request, CreateVpc.Response>
{
    [Unsupported("Kiln's networks are IPv4", "Ipv6Pool", "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength",
        "Ipv6CidrBlockNetworkBorderGroup")]
    [Unsupported("Kiln has no address manager", "Ipv4IpamPoolId", "Ipv4NetmaskLength")]
    [Unsupported("Kiln's networks do not encrypt", "VpcEncryptionControl")]
    public sealed record Request
    {
        public string? CidrBlock { get; init; }
        public string? InstanceTenancy { get; init; }
        public bool? AmazonProvidedIpv6CidrBlock { get; init; }
        [Wire("TagSpecification")] public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(VpcItem Vpc);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var text = request.CidrBlock ?? throw Ec2Error.MissingParameter("cidrBlock");
        var range = Cidr.Parse(text) ?? throw Ec2Error.InvalidCidr(text);
        if (!range.IsNetworkSized)
            throw Ec2Error.InvalidVpcRange(text);
        if (request.InstanceTenancy is not (null or "default"))
            throw Ec2Error.UnsupportedOperation("Kiln has shared hosts only: InstanceTenancy must be 'default'.");
        if (request.AmazonProvidedIpv6CidrBlock == true)
            throw Ec2Error.UnsupportedOperation("Kiln's networks are IPv4: leave AmazonProvidedIpv6CidrBlock out.");
        var tags = Tagging.Read(call, request.TagSpecifications, "vpc");
        await call.Authorize(Arn.Ec2(call.Region, call.AccountId, "vpc", "*"));
        var network = await DefaultNetwork.Ensure(db, call, cancel);
        await db.Limit($"vpcs/{call.AccountId}/{call.Region}",
            db.Vpcs.Where(v => v.Region == call.Region && v.AccountId == call.AccountId), Vpc.PerRegionMax, more: 1,
            () => Ec2Error.NetworkLimitExceeded("VpcLimitExceeded", "VPCs", Vpc.PerRegionMax), cancel);
        var vpc = DefaultNetwork.AddVpc(db, call, range, network.DhcpOptionsId, isDefault: false);
        tags.AddTo(db, "vpc", vpc.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response(VpcItem.Of(vpc, tags.For("vpc")));
    }
}
