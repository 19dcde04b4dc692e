using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Changes whether instances get a public address in a subnet.</summary>
[Operation("ec2:ModifySubnetAttribute")]
public sealed class ModifySubnetAttribute(Db db)
    : IOperation<ModifySubnetAttribute.Request, ModifySubnetAttribute.Response>
{
    [Unsupported("Kiln's networks are IPv4", "AssignIpv6AddressOnCreation", "EnableDns64",
        "EnableResourceNameDnsAAAARecordOnLaunch")]
    [Unsupported("Outposts only", "MapCustomerOwnedIpOnLaunch", "CustomerOwnedIpv4Pool", "EnableLniAtDeviceIndex",
        "DisableLniAtDeviceIndex")]
    [Unsupported("Kiln names instances by address", "PrivateDnsHostnameTypeOnLaunch",
        "EnableResourceNameDnsARecordOnLaunch")]
    public sealed record Request
    {
        public required string SubnetId { get; init; }
        public AttributeBooleanValue? MapPublicIpOnLaunch { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.MapPublicIpOnLaunch?.Value is not { } map)
            throw Ec2Error.MissingParameter("MapPublicIpOnLaunch.Value");
        var subnet = await db.Subnets.SingleOrDefaultAsync(s => s.Id == request.SubnetId
                && s.AccountId == call.AccountId && s.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidSubnetIdNotFound(request.SubnetId);
        await call.Authorize(Arn.Ec2(call.Region, call.AccountId, "subnet", subnet.Id));
        subnet.MapPublicIpOnLaunch = map;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
