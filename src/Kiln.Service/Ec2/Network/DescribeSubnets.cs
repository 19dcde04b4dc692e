using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists the account's subnets in a Region.</summary>
[Operation("ec2:DescribeSubnets")]
public sealed class DescribeSubnets(Db db, Paging paging)
    : IOperation<DescribeSubnets.Request, DescribeSubnets.Response>
{
    public sealed record Request
    {
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        [Wire("SubnetId")] public IReadOnlyList<string> SubnetIds { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("subnetSet")] IReadOnlyList<SubnetItem> Subnets, string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        await DefaultNetwork.Ensure(db, call, cancel);
        var used = await db.NetworkInterfaces.Where(i => i.Region == call.Region && i.AccountId == call.AccountId)
            .GroupBy(i => i.SubnetId).Select(g => new { g.Key, Count = g.Count() })
            .ToDictionaryAsync(g => g.Key, g => g.Count, cancel);
        var rows = db.Subnets.AsNoTracking().Where(s => s.Region == call.Region && s.AccountId == call.AccountId);
        rows = await Given.Narrow(rows, request.SubnetIds, s => s.Id, Ec2Error.InvalidSubnetIdNotFound, cancel);
        var (narrowed, rest) = Filters(used).Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, s => s.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(s => s.Id)], cancel);
        return new Response(
            [.. page.Rows.Select(s => SubnetItem.Of(s, used.GetValueOrDefault(s.Id), tags.Of(s.Id)))], page.NextToken);
    }

    private static FilterSet<Subnet> Filters(Dictionary<string, int> used) => new FilterSet<Subnet>()
        .Text("availability-zone", s => s.AvailabilityZone)
        .Text("availabilityZone", s => s.AvailabilityZone)
        .Computed("availability-zone-id", s => Zone.ByName(s.Region, s.AvailabilityZone)!.Id)
        .Computed("available-ip-address-count",
            s => SubnetItem.Free(s, used.GetValueOrDefault(s.Id)).ToString(CultureInfo.InvariantCulture))
        .Text("cidr", s => s.CidrBlock)
        .Text("cidr-block", s => s.CidrBlock)
        .Text("cidrBlock", s => s.CidrBlock)
        .Bool("default-for-az", s => s.DefaultForAz)
        .Bool("defaultForAz", s => s.DefaultForAz)
        .Bool("map-public-ip-on-launch", s => s.MapPublicIpOnLaunch)
        .Text("owner-id", s => s.AccountId)
        .Computed("state", _ => "available")
        .Computed("subnet-arn", s => Arn.Ec2(s.Region, s.AccountId, "subnet", s.Id))
        .Text("subnet-id", s => s.Id)
        .Text("vpc-id", s => s.VpcId)
        .Tags(s => s.Id);
}
