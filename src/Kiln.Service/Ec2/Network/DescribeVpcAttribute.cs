using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Tells one attribute of a VPC.</summary>
[Operation("ec2:DescribeVpcAttribute")]
public sealed class DescribeVpcAttribute(Db db)
    : IOperation<DescribeVpcAttribute.Request, DescribeVpcAttribute.Response>
{
    public sealed record Request
    {
        public required string Attribute { get; init; }
        public required string VpcId { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response
    {
        public required string VpcId { get; init; }
        public AttributeBooleanValue? EnableDnsSupport { get; init; }
        public AttributeBooleanValue? EnableDnsHostnames { get; init; }
        public AttributeBooleanValue? EnableNetworkAddressUsageMetrics { get; init; }
    }

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize(Arn.Ec2(call.Region, call.AccountId, "vpc", request.VpcId));
        await DefaultNetwork.Ensure(db, call, cancel);
        var vpc = await db.Vpcs.AsNoTracking().SingleOrDefaultAsync(v => v.Id == request.VpcId
                && v.AccountId == call.AccountId && v.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidVpcIdNotFound(request.VpcId);
        return request.Attribute switch
        {
            "enableDnsSupport" => new() { VpcId = vpc.Id, EnableDnsSupport = new() { Value = vpc.EnableDnsSupport } },
            "enableDnsHostnames" => new()
            {
                VpcId = vpc.Id, EnableDnsHostnames = new() { Value = vpc.EnableDnsHostnames },
            },
            "enableNetworkAddressUsageMetrics" => new()
            {
                VpcId = vpc.Id,
                EnableNetworkAddressUsageMetrics = new() { Value = vpc.EnableNetworkAddressUsageMetrics },
            },
            _ => throw Ec2Error.InvalidParameterValue(request.Attribute, "attribute",
                "Use enableDnsSupport, enableDnsHostnames or enableNetworkAddressUsageMetrics."),
        };
    }
}
