using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Network;

/// <summary>Lists the zones of a Region.</summary>
[Operation("ec2:DescribeAvailabilityZones")]
public sealed class DescribeAvailabilityZones(Db db)
    : IOperation<DescribeAvailabilityZones.Request, DescribeAvailabilityZones.Response>
{
    private static readonly FilterSet<ZoneItem> Filters = new FilterSet<ZoneItem>()
        .Computed("group-name", z => z.GroupName)
        .Computed("message", _ => [])
        .Computed("opt-in-status", z => z.OptInStatus)
        .Computed("region-name", z => z.RegionName)
        .Computed("state", z => z.State)
        .Computed("zone-id", z => z.ZoneId)
        .Computed("zone-name", z => z.ZoneName)
        .Computed("zone-type", z => z.ZoneType);

    public sealed record Request
    {
        [Wire("ZoneName")] public IReadOnlyList<string> ZoneNames { get; init; } = [];
        [Wire("ZoneId")] public IReadOnlyList<string> ZoneIds { get; init; } = [];

        /// <summary>Also zones that need an opt-in, of which Kiln has none: the answer is the same.</summary>
        public bool? AllAvailabilityZones { get; init; }
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("availabilityZoneInfo")] IReadOnlyList<ZoneItem> AvailabilityZones);

    /// <summary>A zone on the wire. EC2 API Reference "AvailabilityZone".</summary>
    public sealed record ZoneItem(
        string ZoneName, string ZoneId, [property: Wire("zoneState")] string State, string RegionName,
        string OptInStatus, string ZoneType, string GroupName, string NetworkBorderGroup);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var region = call.Region;
        if (request.ZoneNames.FirstOrDefault(name => Zone.ByName(region, name) is null) is { } unknown)
            throw Ec2Error.InvalidParameterValue($"Invalid availability zone: [{Ec2Error.Short(unknown)}]");
        if (request.ZoneIds.FirstOrDefault(id => Zone.ById(region, id) is null) is { } unknownId)
            throw Ec2Error.InvalidParameterValue($"Invalid availability zone-id: [{Ec2Error.Short(unknownId)}]");
        var zones = Zone.Of(region)
            .Select(z => new ZoneItem(z.Name, z.Id, "available", region, "opt-in-not-required",
                "availability-zone", region + "-zg-1", region))
            .Where(z => request.ZoneNames.Count == 0 || request.ZoneNames.Contains(z.ZoneName))
            .Where(z => request.ZoneIds.Count == 0 || request.ZoneIds.Contains(z.ZoneId));
        var (rows, rest) = Filters.Apply(zones.AsQueryable(), request.Filters, db, call);
        return new Response([.. rows.Where(z => rest == null || rest(z))]);
    }
}
