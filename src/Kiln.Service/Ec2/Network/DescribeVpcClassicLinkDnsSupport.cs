using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Tells that no VPC resolves names for EC2-Classic, which AWS retired in 2022.</summary>
[Operation("ec2:DescribeVpcClassicLinkDnsSupport")]
public sealed class DescribeVpcClassicLinkDnsSupport(Db db, Paging paging)
    : IOperation<DescribeVpcClassicLinkDnsSupport.Request, DescribeVpcClassicLinkDnsSupport.Response>
{
    public sealed record Request
    {
        [Wire("VpcIds")] public IReadOnlyList<string> VpcIds { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
    }

    public sealed record Response([property: Wire("vpcs")] IReadOnlyList<Support> Vpcs, string? NextToken);

    /// <summary>A VPC and whether it does.</summary>
    public sealed record Support(string VpcId, bool ClassicLinkDnsSupported);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 255);
        await DefaultNetwork.Ensure(db, call, cancel);
        var rows = db.Vpcs.AsNoTracking().Where(v => v.Region == call.Region && v.AccountId == call.AccountId);
        rows = await Given.Narrow(rows, request.VpcIds, v => v.Id, Ec2Error.InvalidVpcIdNotFound, cancel);
        var page = await paging.Read(rows, v => v.Id, null, request.MaxResults, request.NextToken, call, cancel);
        return new Response([.. page.Rows.Select(v => new Support(v.Id, false))], page.NextToken);
    }
}
