using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Changes one attribute of a VPC.</summary>
[Operation("ec2:ModifyVpcAttribute")]
public sealed class ModifyVpcAttribute(Db db) : IOperation<ModifyVpcAttribute.Request, ModifyVpcAttribute.Response>
{
    public sealed record Request
    {
        public required string VpcId { get; init; }
        public AttributeBooleanValue? EnableDnsSupport { get; init; }
        public AttributeBooleanValue? EnableDnsHostnames { get; init; }
        public AttributeBooleanValue? EnableNetworkAddressUsageMetrics { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        AttributeBooleanValue?[] given =
            [request.EnableDnsSupport, request.EnableDnsHostnames, request.EnableNetworkAddressUsageMetrics];
        if (given.Count(g => g?.Value is not null) != 1)
            throw Ec2Error.InvalidParameterCombination("Give exactly one attribute with its value.");
        await DefaultNetwork.Ensure(db, call, cancel);
        var vpc = await db.Vpcs.SingleOrDefaultAsync(v => v.Id == request.VpcId
                && v.AccountId == call.AccountId && v.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidVpcIdNotFound(request.VpcId);
        await call.Authorize(Arn.Ec2(call.Region, call.AccountId, "vpc", vpc.Id));
        vpc.EnableDnsSupport = request.EnableDnsSupport?.Value ?? vpc.EnableDnsSupport;
        vpc.EnableDnsHostnames = request.EnableDnsHostnames?.Value ?? vpc.EnableDnsHostnames;
        vpc.EnableNetworkAddressUsageMetrics =
            request.EnableNetworkAddressUsageMetrics?.Value ?? vpc.EnableNetworkAddressUsageMetrics;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
