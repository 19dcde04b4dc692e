using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists route tables: the main one of each VPC, which is all that Kiln's VPCs have.</summary>
[Operation("ec2:DescribeRouteTables")]
public sealed class DescribeRouteTables(Db db, Paging paging)
    : IOperation<DescribeRouteTables.Request, DescribeRouteTables.Response>
{
    private static readonly FilterSet<Vpc> Filters = new FilterSet<Vpc>()
        .Computed("association.main", _ => "true")
        .Text("association.route-table-association-id", v => v.RouteTableAssociationId)
        .Text("association.route-table-id", v => v.RouteTableId)
        .Computed("association.subnet-id", _ => [])
        .Computed("association.gateway-id", _ => [])
        .Text("owner-id", v => v.AccountId)
        .Text("route-table-id", v => v.RouteTableId)
        .Computed("route.destination-cidr-block", v => Routes(v).Select(r => r.DestinationCidrBlock))
        .Computed("route.gateway-id", v => Routes(v).Select(r => r.GatewayId))
        .Computed("route.origin", v => Routes(v).Select(r => r.Origin))
        .Computed("route.state", v => Routes(v).Select(r => r.State))
        .Text("vpc-id", v => v.Id)
        .Tags(v => v.RouteTableId);

    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        [Wire("RouteTableId")] public IReadOnlyList<string> RouteTableIds { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("routeTableSet")] IReadOnlyList<RouteTable> RouteTables, string? NextToken);

    /// <summary>A route table on the wire.</summary>
    public sealed record RouteTable(
        string RouteTableId, string VpcId, string OwnerId,
        [property: Wire("associationSet")] IReadOnlyList<Association> Associations,
        [property: Wire("routeSet")] IReadOnlyList<Route> Routes,
        [property: Wire("tagSet")] IReadOnlyList<Tag> Tags);

    /// <summary>What uses a route table.</summary>
    public sealed record Association(
        string RouteTableAssociationId, string RouteTableId, bool Main, AssociationCondition AssociationState);

    /// <summary>The state of that.</summary>
    public sealed record AssociationCondition(string State);

    /// <summary>A route on the wire.</summary>
    public sealed record Route(string DestinationCidrBlock, string GatewayId, string Origin, string State);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 100);
        await DefaultNetwork.Ensure(db, call, cancel);
        var rows = db.Vpcs.AsNoTracking().Where(v => v.Region == call.Region && v.AccountId == call.AccountId);
        rows = await Given.Narrow(
            rows, request.RouteTableIds, v => v.RouteTableId, Ec2Error.InvalidRouteTableIdNotFound, cancel);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, v => v.RouteTableId, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(v => v.RouteTableId)], cancel);
        return new Response(
            [.. page.Rows.Select(v => new RouteTable(
                v.RouteTableId, v.Id, v.AccountId,
                [new Association(
                    v.RouteTableAssociationId, v.RouteTableId, true, new AssociationCondition("associated"))],
                Routes(v), tags.Of(v.RouteTableId)))],
            page.NextToken);
    }

    private static IReadOnlyList<Route> Routes(Vpc vpc)
    {
        var local = new Route(vpc.CidrBlock, "local", "CreateRouteTable", "active");
        return vpc.InternetGatewayId is { } gateway
            ? [local, new Route("0.0.0.0/0", gateway, "CreateRoute", "active")]
            : [local];
    }
}
