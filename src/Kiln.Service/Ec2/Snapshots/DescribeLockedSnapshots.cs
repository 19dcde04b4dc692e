using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Lists the locks of the caller's snapshots. EC2 API Reference "DescribeLockedSnapshots".</summary>
[Operation("ec2:DescribeLockedSnapshots")]
public sealed class DescribeLockedSnapshots(Db db, Paging paging, TimeProvider clock)
    : IOperation<DescribeLockedSnapshots.Request, DescribeLockedSnapshots.Response>
{
    /// <summary>What to list.</summary>
    public sealed record Request
    {
        /// <summary>lock-state.</summary>
        [Wire("Filter"), MaxLength(200)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];

        /// <summary>5 to 1000.</summary>
        public int? MaxResults { get; init; }

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }

        /// <summary>Ids.</summary>
        [Wire("SnapshotId"), MaxLength(1000)]
        public IReadOnlyList<string> SnapshotIds { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>A page of locks.</summary>
    public sealed record Response
    {
        /// <summary>The locks.</summary>
        [Wire("snapshotSet")]
        public required IReadOnlyList<LockedSnapshotItem> Snapshots { get; init; }

        /// <summary>The token of the next page.</summary>
        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        foreach (var id in request.SnapshotIds)
            SnapshotAccess.CheckId(id);
        await call.Authorize();

        var now = clock.GetUtcNow();
        var rows = db.Snapshots.AsNoTracking().Where(s => s.Region == call.Region
            && s.AccountId == call.AccountId && !s.DeleteRequested && s.Lock != null);
        if (request.SnapshotIds.Count > 0)
            rows = rows.Where(s => EF.Parameter(request.SnapshotIds).Contains(s.Id));
        // What a lock is depends on the time, so only the row can tell.
        var filters = new FilterSet<Snapshot>().Computed("lock-state", s => Word(s.Lock!.StateAt(s, now)));
        var (filtered, rest) = filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            filtered, s => s.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        return new Response
        {
            Snapshots = [.. page.Rows.Select(s => LockedSnapshotItem.Of(s, s.Lock!, now))],
            NextToken = page.NextToken,
        };
    }

    private static string Word(SnapshotLock.State state) => state switch
    {
        SnapshotLock.State.Compliance => "compliance",
        SnapshotLock.State.Governance => "governance",
        SnapshotLock.State.ComplianceCooloff => "compliance-cooloff",
        _ => "expired",
    };
}
