using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists internet gateways: the default VPC's, which is all that Kiln has.</summary>
[Operation("ec2:DescribeInternetGateways")]
public sealed class DescribeInternetGateways(Db db, Paging paging)
    : IOperation<DescribeInternetGateways.Request, DescribeInternetGateways.Response>
{
    private static readonly FilterSet<Vpc> Filters = new FilterSet<Vpc>()
        .Computed("attachment.state", _ => "available")
        .Text("attachment.vpc-id", v => v.Id)
        .Text("internet-gateway-id", v => v.InternetGatewayId)
        .Text("owner-id", v => v.AccountId)
        .Tags(v => v.InternetGatewayId!);

    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        [Wire("InternetGatewayId")] public IReadOnlyList<string> InternetGatewayIds { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("internetGatewaySet")] IReadOnlyList<InternetGateway> InternetGateways, string? NextToken);

    /// <summary>An internet gateway on the wire.</summary>
    public sealed record InternetGateway(
        string InternetGatewayId, string OwnerId,
        [property: Wire("attachmentSet")] IReadOnlyList<Attachment> Attachments,
        [property: Wire("tagSet")] IReadOnlyList<Tag> Tags);

    /// <summary>The VPC that it serves; EC2 says <c>available</c> here although its model does not.</summary>
    public sealed record Attachment(string VpcId, string State);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        await DefaultNetwork.Ensure(db, call, cancel);
        var rows = db.Vpcs.AsNoTracking().Where(
            v => v.Region == call.Region && v.AccountId == call.AccountId && v.InternetGatewayId != null);
        rows = await Given.Narrow(rows, request.InternetGatewayIds, v => v.InternetGatewayId!,
            Ec2Error.InvalidInternetGatewayIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, v => v.InternetGatewayId!, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(v => v.InternetGatewayId!)], cancel);
        return new Response(
            [.. page.Rows.Select(v => new InternetGateway(
                v.InternetGatewayId!, v.AccountId, [new Attachment(v.Id, "available")],
                tags.Of(v.InternetGatewayId!)))],
            page.NextToken);
    }
}
