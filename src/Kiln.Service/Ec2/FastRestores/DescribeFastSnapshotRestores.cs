using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>Lists the caller's fast snapshot restores. EC2 API Reference "DescribeFastSnapshotRestores".</summary>
[Operation("ec2:DescribeFastSnapshotRestores")]
public sealed class DescribeFastSnapshotRestores(Db db, Paging paging)
    : IOperation<DescribeFastSnapshotRestores.Request, DescribeFastSnapshotRestores.Response>
{
    /// <summary>Rows of a page at most: EC2's bound.</summary>
    public const int PageMax = 200;

    private static readonly FilterSet<FastSnapshotRestore> Filters = new FilterSet<FastSnapshotRestore>()
        .Text("availability-zone", f => f.AvailabilityZone)
        .Computed("availability-zone-id", f => Zone.ByName(f.Region, f.AvailabilityZone)?.Id)
        .Text("owner-id", f => f.AccountId)
        .Text("snapshot-id", f => f.SnapshotId)
        .Enum("state", f => f.State);

    /// <summary>What to list.</summary>
    public sealed record Request
    {
        /// <summary>Filters.</summary>
        [Wire("Filter"), MaxLength(FilterSet<FastSnapshotRestore>.FiltersMax)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];

        /// <summary>Up to 200.</summary>
        public int? MaxResults { get; init; }

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        /// <summary>The restores.</summary>
        [Wire("fastSnapshotRestoreSet")]
        public required IReadOnlyList<FastSnapshotRestoreItem> FastSnapshotRestores { get; init; }

        /// <summary>For the next page.</summary>
        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        // Zero is within the model's bounds and asks for nothing in particular.
        var most = request.MaxResults == 0 ? null : request.MaxResults;
        Paging.CheckMaxResults(most, 1, PageMax);
        await call.Authorize();

        var rows = db.FastSnapshotRestores.AsNoTracking()
            .Where(f => f.Region == call.Region && f.AccountId == call.AccountId);
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(narrowed, f => f.Id, rest, most, request.NextToken, call, cancel);
        return new Response
        {
            FastSnapshotRestores = [.. page.Rows.Select(FastSnapshotRestoreItem.Of)],
            NextToken = page.NextToken,
        };
    }
}
