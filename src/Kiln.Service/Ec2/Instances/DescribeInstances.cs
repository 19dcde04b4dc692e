using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Lists the account's instances in a Region, by launch.</summary>
[Operation("ec2:DescribeInstances")]
public sealed class DescribeInstances(Db db, Paging paging, TimeProvider clock)
    : IOperation<DescribeInstances.Request, DescribeInstances.Response>
{
    [Unsupported("no service provider manages instances here", "IncludeManagedResources")]
    public sealed record Request
    {
        [Wire("InstanceId")] public IReadOnlyList<string> InstanceIds { get; init; } = [];
        [Wire("Filter")] public IReadOnlyList<Filter> Filters { get; init; } = [];
        public string? NextToken { get; init; }
        public int? MaxResults { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("reservationSet")] IReadOnlyList<ReservationItem> Reservations, string? NextToken);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        Paging.CheckMaxResults(request.MaxResults, 5, 1000, request.InstanceIds, "instancesSet");
        var rows = await Wanted(request.InstanceIds, call, cancel);
        var (narrowed, rest) = InstanceFilters.All.Apply(
            rows.Include(i => i.Interface).ThenInclude(n => n!.Groups), request.Filters, db, call);
        var page = await paging.Read(
            narrowed, i => i.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        string[] ids = [.. page.Rows.Select(i => i.Id)];
        var tags = await Tagging.Of(db, call.AccountId, ids, cancel);
        var volumes = (await db.VolumeAttachments.AsNoTracking()
            .Where(a => EF.Parameter(ids).Contains(a.InstanceId)).ToListAsync(cancel)).ToLookup(a => a.InstanceId);
        // A launch is shown as one reservation, as far as it is on this page.
        var reservations = page.Rows.GroupBy(i => i.ReservationId).Select(launch => new ReservationItem(
            launch.Key, call.AccountId, [],
            [.. launch.OrderBy(i => i.LaunchIndex).Select(i => InstanceItem.Of(i, volumes[i.Id], tags.Of(i.Id)))]));
        return new Response([.. reservations], page.NextToken);
    }

    private async Task<IQueryable<Instance>> Wanted(
        IReadOnlyList<string> ids, Call call, CancellationToken cancel)
    {
        foreach (var id in ids)
            InstanceAccess.CheckId(id);
        var rows = InstanceAccess.Owned(db, call, clock.GetUtcNow()).AsNoTracking();
        return await Network.Given.Narrow(
            rows, ids, i => i.Id, id => Ec2Error.InvalidInstanceIdNotFound([id]), cancel);
    }
}
