using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists the account's VPCs in a Region.</summary>
[Operation("ec2:DescribeVpcs")]
public sealed class DescribeVpcs(Db db, Paging paging) : IOperation<DescribeVpcs.Request, DescribeVpcs.Response>
{
    private static readonly FilterSet<Vpc> Filters = new FilterSet<Vpc>()
        .Text("cidr", v => v.CidrBlock)
        .Text("cidr-block", v => v.CidrBlock)
        .Text("cidr-block-association.association-id", v => v.CidrAssociationId)
        .Text("cidr-block-association.cidr-block", v => v.CidrBlock)
        .Computed("cidr-block-association.state", _ => "associated")
        .Text("dhcp-options-id", v => v.DhcpOptionsId)
        .Bool("is-default", v => v.IsDefault)
        .Bool("isDefault", v => v.IsDefault)
        .Text("owner-id", v => v.AccountId)
        .Computed("state", _ => "available")
        .Text("vpc-id", v => v.Id)
        .Tags(v => v.Id);

    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        [Wire("VpcId")] public IReadOnlyList<string> VpcIds { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("vpcSet")] IReadOnlyList<VpcItem> Vpcs, string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        await DefaultNetwork.Ensure(db, call, cancel);
        var rows = db.Vpcs.AsNoTracking().Where(v => v.Region == call.Region && v.AccountId == call.AccountId);
        rows = await Given.Narrow(rows, request.VpcIds, v => v.Id, Ec2Error.InvalidVpcIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, v => v.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(v => v.Id)], cancel);
        return new Response([.. page.Rows.Select(v => VpcItem.Of(v, tags.Of(v.Id)))], page.NextToken);
    }
}
