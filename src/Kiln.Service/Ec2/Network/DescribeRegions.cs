using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists the enabled Regions; with AllRegions also those that AWS has beyond them.</summary>
[Operation("ec2:DescribeRegions")]
public sealed class DescribeRegions(Db db, ServiceOptions options)
    : IOperation<DescribeRegions.Request, DescribeRegions.Response>
{
    private static readonly string[] Defaults = ServiceOptions.DefaultRegions.Split(',');

    // Account Management Reference Guide, "Region availability": those that an account has to opt in to.
    private static readonly string[] OptIn =
    [
        "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
        "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
        "me-central-1", "me-south-1", "mx-central-1",
    ];

    private static readonly FilterSet<Region> Filters = new FilterSet<Region>()
        .Computed("endpoint", r => r.Endpoint)
        .Computed("opt-in-status", r => r.OptInStatus)
        .Computed("region-name", r => r.RegionName);

    public sealed record Request
    {
        [Wire("RegionName")] public IReadOnlyList<string> RegionNames { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public bool AllRegions { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response([property: Wire("regionInfo")] IReadOnlyList<Region> Regions);

    /// <summary>A Region on the wire.</summary>
    public sealed record Region(
        string RegionName, [property: Wire("regionEndpoint")] string Endpoint, string OptInStatus);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var enabled = options.RegionList.ToHashSet();
        var all = Defaults.Concat(OptIn).Union(enabled).Order(StringComparer.Ordinal).ToList();
        if (request.RegionNames.FirstOrDefault(name => !all.Contains(name)) is { } unknown)
            throw Ec2Error.InvalidParameterValue($"Invalid region provided: [{Ec2Error.Short(unknown)}]");
        var regions = all
            .Where(name => request.AllRegions || enabled.Contains(name) || request.RegionNames.Contains(name))
            .Where(name => request.RegionNames.Count == 0 || request.RegionNames.Contains(name))
            .Select(name => new Region(name, $"ec2.{name}.amazonaws.com", Status(name, enabled.Contains(name))));
        var (rows, rest) = Filters.Apply(regions.AsQueryable(), request.Filters, db, call);
        return new Response([.. rows.Where(r => rest == null || rest(r))]);
    }

    private static string Status(string name, bool enabled) =>
        !enabled ? "not-opted-in" : Defaults.Contains(name) ? "opt-in-not-required" : "opted-in";
}
