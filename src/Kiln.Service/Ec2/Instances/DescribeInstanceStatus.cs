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
/// <remarks>
/// The system's check is whether the machine's process answers; the instance's, whether anything inside was heard: its
/// agent, or a question to its metadata service. One that was not heard five minutes after its start is impaired.
/// </remarks>
[Operation("ec2:DescribeInstanceStatus")]
public sealed class DescribeInstanceStatus(Db db, IGuest guests, Paging paging, TimeProvider clock)
    : IOperation<DescribeInstanceStatus.Request, DescribeInstanceStatus.Response>
{
    private readonly FilterSet<Instance> _filters = new FilterSet<Instance>()
        .Computed("attached-ebs-status.reachability", i => Texts(System(i, guests)).Details)
        .Computed("attached-ebs-status.status", i => Texts(System(i, guests)).Status)
        .Text("availability-zone", i => i.AvailabilityZone)
        .Computed("availability-zone-id", i => Zone.ByName(i.Region, i.AvailabilityZone)!.Id)
        .Computed("instance-state-code", i => ((int)i.State).ToString(CultureInfo.InvariantCulture))
        .Enum("instance-state-name", i => i.State)
        .Computed("instance-status.reachability", i => Texts(Inside(i, guests)).Details)
        .Computed("instance-status.status", i => Texts(Inside(i, guests)).Status)
        .Computed("operator.managed", _ => "false")
        .Computed("system-status.reachability", i => Texts(System(i, guests)).Details)
        .Computed("system-status.status", i => Texts(System(i, guests)).Status)
        .Never("event.code", "event.description", "event.instance-event-id", "event.not-after", "event.not-before",
            "event.not-before-deadline", "operator.principal");

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
        Paging.CheckMaxResults(request.MaxResults, 5, 1000, request.InstanceIds, "instancesSet");
        foreach (var id in request.InstanceIds)
            InstanceAccess.CheckId(id);
        var rows = InstanceAccess.Owned(db, call, clock.GetUtcNow()).AsNoTracking();
        rows = await Given.Narrow(rows, request.InstanceIds, i => i.Id,
            id => Ec2Error.InvalidInstanceIdNotFound([id]), cancel);
        if (request.IncludeAllInstances != true)
            rows = rows.Where(i => i.State == InstanceState.Running);
        var (narrowed, rest) = _filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, i => i.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        return new Response([.. page.Rows.Select(i => Item(i, guests))], page.NextToken);
    }

    private static StatusItem Item(Instance instance, IGuest guests)
    {
        var system = SummaryOf(System(instance, guests));
        return new StatusItem(
            instance.Id, instance.AvailabilityZone, Zone.ByName(instance.Region, instance.AvailabilityZone)!.Id,
            InstanceStateItem.Of(instance.State), SummaryOf(Inside(instance, guests)), system, system);
    }

    private static Summary SummaryOf(GuestCheck? check)
    {
        var (status, details) = Texts(check);
        return new Summary(status, details is null ? [] : [new Detail("reachability", details)]);
    }

    private static GuestCheck? System(Instance instance, IGuest guests) =>
        Early(instance) ?? (instance.State == InstanceState.Running ? guests.Health(instance).System : null);

    private static GuestCheck? Inside(Instance instance, IGuest guests) =>
        Early(instance) ?? (instance.State == InstanceState.Running ? guests.Health(instance).Inside : null);

    // A machine that rests for an image is as unreachable as one that starts.
    private static GuestCheck? Early(Instance instance) =>
        instance.State == InstanceState.Pending
            || (instance.State == InstanceState.Running && instance.Phase != GuestPhase.None)
            ? GuestCheck.Initializing : null;

    private static (string Status, string? Details) Texts(GuestCheck? check) => check switch
    {
        GuestCheck.Ok => ("ok", "passed"),
        GuestCheck.Impaired => ("impaired", "failed"),
        GuestCheck.Initializing => ("initializing", "initializing"),
        _ => ("not-applicable", null),
    };
}
