using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Network;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Tells how running instances are; with IncludeAllInstances how all are.</summary>
[Operation("ec2:DescribeInstanceStatus")]
public sealed class DescribeInstanceStatus(Db db, Paging paging, TimeProvider clock)
    : IOperation<DescribeInstanceStatus.Request, DescribeInstanceStatus.Response>
{
    private static readonly FilterSet<Instance> Filters = new FilterSet<Instance>()
        .Text("availability-zone", i => i.AvailabilityZone)
        .Computed("availability-zone-id", i => Zone.ByName(i.Region, i.AvailabilityZone)!.Id)
        .Computed("instance-state-code", i => ((int)i.State).ToString(CultureInfo.InvariantCulture))
        .Enum("instance-state-name", i => i.State)
        .Computed("instance-status.reachability", i => Check(i).Details)
        .Computed("instance-status.status", i => Check(i).Status)
        .Computed("system-status.reachability", i => Check(i).Details)
        .Computed("system-status.status", i => Check(i).Status);

    [Unsupported("no service provider manages instances here", "IncludeManagedResources")]
    public sealed record Request
    {
        [Wire("InstanceId")] public IReadOnlyList<string> InstanceIds { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public bool? IncludeAllInstances { get; init; }
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instanceStatusSet")] IReadOnlyList<StatusItem> InstanceStatuses, string? NextToken);

    /// <summary>An instance's status. EC2 API Reference "InstanceStatus".</summary>
    public sealed record StatusItem(
        string InstanceId, string AvailabilityZone, string AvailabilityZoneId, InstanceStateItem InstanceState,
        Summary InstanceStatus, Summary SystemStatus, Summary AttachedEbsStatus);

    /// <summary>The outcome of one check.</summary>
    public sealed record Summary(string Status, [property: Wire("details")] IReadOnlyList<Detail> Details);

    /// <summary>What was checked.</summary>
    public sealed record Detail(string Name, string Status);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        foreach (var id in request.InstanceIds)
            InstanceAccess.CheckId(id);
        var rows = InstanceAccess.Owned(db, call, clock.GetUtcNow()).AsNoTracking();
        rows = await Given.Narrow(rows, request.InstanceIds, i => i.Id,
            id => Ec2Error.InvalidInstanceIdNotFound([id]), cancel);
        if (request.IncludeAllInstances != true)
            rows = rows.Where(i => i.State == InstanceState.Running);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, i => i.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        return new Response([.. page.Rows.Select(Item)], page.NextToken);
    }

    private static StatusItem Item(Instance instance)
    {
        var (status, details) = Check(instance);
        var summary = new Summary(status, details is null ? [] : [new Detail("reachability", details)]);
        return new StatusItem(
            instance.Id, instance.AvailabilityZone, Zone.ByName(instance.Region, instance.AvailabilityZone)!.Id,
            InstanceStateItem.Of(instance.State), summary, summary, summary);
    }

    // A machine that rests for an image is as unreachable as one that starts.
    private static (string Status, string? Details) Check(Instance instance) => instance.State switch
    {
        InstanceState.Running when instance.Phase == GuestPhase.None => ("ok", "passed"),
        InstanceState.Running => ("initializing", "initializing"),
        InstanceState.Pending => ("initializing", "initializing"),
        _ => ("not-applicable", null),
    };
}
