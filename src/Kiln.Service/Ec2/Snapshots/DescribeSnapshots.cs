using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>
/// Lists snapshots: the caller's own, those shared with it, public ones. EC2 API Reference "DescribeSnapshots".
/// </summary>
[Operation("ec2:DescribeSnapshots")]
public sealed class DescribeSnapshots(Db db, Paging paging)
    : IOperation<DescribeSnapshots.Request, DescribeSnapshots.Response>
{
    /// <summary>What to list.</summary>
    public sealed record Request
    {
        /// <summary>5 to 1000.</summary>
        public int? MaxResults { get; init; }

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }

        /// <summary>Account ids, <c>self</c> or <c>amazon</c>.</summary>
        [Wire("Owner"), MaxLength(200)]
        public IReadOnlyList<string> OwnerIds { get; init; } = [];

        /// <summary>Account ids, <c>self</c> or <c>all</c>.</summary>
        [Wire("RestorableBy"), MaxLength(200)]
        public IReadOnlyList<string> RestorableByUserIds { get; init; } = [];

        /// <summary>Ids.</summary>
        [Wire("SnapshotId"), MaxLength(1000)]
        public IReadOnlyList<string> SnapshotIds { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>See <see cref="SnapshotFilters"/>.</summary>
        [Wire("Filter"), MaxLength(200)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];
    }

    /// <summary>A page of snapshots.</summary>
    public sealed record Response
    {
        /// <summary>The token of the next page.</summary>
        public string? NextToken { get; init; }

        /// <summary>The snapshots.</summary>
        [Wire("snapshotSet")]
        public required IReadOnlyList<SnapshotItem> Snapshots { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        foreach (var id in request.SnapshotIds)
            SnapshotAccess.CheckId(id);
        await call.Authorize();

        var rows = Scope(request, call);
        if (request.SnapshotIds.Count > 0)
            rows = await Named(rows, request.SnapshotIds, call, cancel);
        var (filtered, rest) = SnapshotFilters.Set.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            filtered, s => s.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        string[] ids = [.. page.Rows.Select(s => s.Id)];
        var tags = await Tagging.Of(db, call.AccountId, ids, cancel);
        return new Response
        {
            Snapshots = [.. page.Rows.Select(s => SnapshotItem.Of(s, tags.Of(s.Id)))],
            NextToken = page.NextToken,
        };
    }

    /// <summary>Narrows to ids, each of which the caller must be able to see.</summary>
    private async Task<IQueryable<Snapshot>> Named(
        IQueryable<Snapshot> rows, IReadOnlyList<string> ids, Call call, CancellationToken cancel)
    {
        if (ids is [var only])
        {
            if (!await Visible(call).AnyAsync(s => s.Id == only, cancel))
                throw Ec2Error.InvalidSnapshotNotFound(only);
            return rows.Where(s => s.Id == only);
        }
        var seen = await Visible(call).Where(s => EF.Parameter(ids).Contains(s.Id)).Select(s => s.Id)
            .ToListAsync(cancel);
        return ids.Except(seen).FirstOrDefault() is { } absent
            ? throw Ec2Error.InvalidSnapshotNotFound(absent)
            : rows.Where(s => EF.Parameter(ids).Contains(s.Id));
    }

    // A snapshot that was deleted while pending is gone for everybody but the upload that still runs.
    private IQueryable<Snapshot> Visible(Call call) => SnapshotAccess.Visible(
        db.Snapshots.AsNoTracking().Where(s => s.Region == call.Region && !s.DeleteRequested), db, call.AccountId);

    private IQueryable<Snapshot> Scope(Request request, Call call)
    {
        var me = call.AccountId;
        if (request.OwnerIds.Count == 0)
            return RestorableBy(Visible(call), request.RestorableByUserIds, me);
        var owners = new HashSet<string>(StringComparer.Ordinal);
        foreach (var owner in request.OwnerIds)
        {
            if (owner == "self")
                owners.Add(me);
            else if (Ids.IsAccountId(owner))
                owners.Add(owner);
            else if (owner != "amazon")
                throw Ec2Error.InvalidUserIdMalformed(Ec2Error.Short(owner));
        }
        List<string> accounts = [.. owners];
        // The common case goes by the owner's index alone.
        var rows = accounts is [var sole] && sole == me
            ? db.Snapshots.AsNoTracking().Where(s => s.Region == call.Region && s.AccountId == me && !s.DeleteRequested)
            : Visible(call).Where(s => accounts.Contains(s.AccountId));
        return RestorableBy(rows, request.RestorableByUserIds, me);
    }

    private IQueryable<Snapshot> RestorableBy(IQueryable<Snapshot> rows, IReadOnlyList<string> users, string me)
    {
        if (users.Count == 0)
            return rows;
        List<string> others = [.. users.Where(u => u is not ("all" or "self") && u != me)];
        foreach (var user in others)
        {
            if (!Ids.IsAccountId(user))
                throw Ec2Error.InvalidUserIdMalformed(Ec2Error.Short(user));
        }
        var everybody = users.Contains("all");
        var self = users.Contains("self") || users.Contains(me);
        var withMe = SnapshotAccess.SharedWith(db, me);
        var withThem = db.CreateVolumePermissions
            .Where(p => p.Kind == CreateVolumePermission.UserId && others.Contains(p.Value)).Select(p => p.SnapshotId);
        return rows.Where(s => (everybody && s.IsPublic) || (self && (s.AccountId == me || withMe.Contains(s.Id)))
            || (s.AccountId == me && withThem.Contains(s.Id)));
    }
}
