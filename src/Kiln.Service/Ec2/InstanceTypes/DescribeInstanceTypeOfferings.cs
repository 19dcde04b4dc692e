using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.InstanceTypes;

/// <summary>Tells where instance types are offered: all of them everywhere.</summary>
[Operation("ec2:DescribeInstanceTypeOfferings")]
public sealed class DescribeInstanceTypeOfferings(Db db, Paging paging)
    : IOperation<DescribeInstanceTypeOfferings.Request, DescribeInstanceTypeOfferings.Response>
{
    /// <summary>Offerings on a page that asks for no number: EC2's most.</summary>
    private const int PageMax = 1_000;

    private static readonly FilterSet<Offering> Filters = new FilterSet<Offering>()
        .Computed("instance-type", o => o.InstanceType)
        .Computed("location", o => o.Location);

    public sealed record Request
    {
        public string? LocationType { get; init; }
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public int? MaxResults { get; init; }
        public string? NextToken { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instanceTypeOfferingSet")] IReadOnlyList<Offering> InstanceTypeOfferings, string? NextToken);

    /// <summary>That a type is offered somewhere.</summary>
    public sealed record Offering(string InstanceType, string LocationType, string Location);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, PageMax);
        var kind = request.LocationType ?? "region";
        IReadOnlyList<string> places = kind switch
        {
            "region" => [call.Region],
            "availability-zone" => [.. Zone.Of(call.Region).Select(z => z.Name)],
            "availability-zone-id" => [.. Zone.Of(call.Region).Select(z => z.Id)],
            "outpost" => [],
            _ => throw Ec2Error.InvalidParameterValue(Ec2Error.Short(kind), "LocationType",
                "Use region, availability-zone, availability-zone-id or outpost."),
        };
        var rows = places.SelectMany(place => InstanceTypeCatalog.All.Select(t => new Offering(t.Name, kind, place)))
            .OrderBy(Key, StringComparer.Ordinal).AsQueryable();
        var (_, rest) = Filters.Apply(rows, request.Filters, db, call);
        var after = request.NextToken is { } token ? paging.Open(token, call) : "";
        var found = rows.AsEnumerable()
            .Where(o => string.CompareOrdinal(Key(o), after) > 0 && (rest is null || rest(o))).ToList();
        var page = found.Take(request.MaxResults ?? PageMax).ToList();
        return new Response(page, page.Count < found.Count ? paging.Seal(Key(page[^1]), call) : null);
    }

    private static string Key(Offering offering) => $"{offering.InstanceType} {offering.Location}";
}
