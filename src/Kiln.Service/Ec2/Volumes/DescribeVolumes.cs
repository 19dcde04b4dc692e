using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Lists the caller's volumes. EC2 API Reference "DescribeVolumes".</summary>
[Operation("ec2:DescribeVolumes")]
public sealed class DescribeVolumes(Db db, Paging paging)
    : IOperation<DescribeVolumes.Request, DescribeVolumes.Response>
{
    /// <summary>Bounds of MaxResults.</summary>
    internal const int PageMin = 5, PageMax = 1000;

    /// <summary>Ids in one call: EC2's limit on a describe.</summary>
    internal const int IdsMax = 1000;

    /// <summary>Which volumes.</summary>
    [Unsupported("no service provider manages volumes here", "IncludeManagedResources")]
    public sealed record Request
    {
        /// <summary>Ids; none for all. An id that is not there is an error, unlike in a filter.</summary>
        [Wire("VolumeId"), MaxLength(IdsMax)]
        public IReadOnlyList<string> VolumeIds { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>Filters.</summary>
        [Wire("Filter"), MaxLength(FilterSet<Volume>.FiltersMax)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }

        /// <summary>The most volumes in a page, 5 to 1000.</summary>
        public int? MaxResults { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        /// <summary>For the next page.</summary>
        public string? NextToken { get; init; }

        /// <summary>The volumes.</summary>
        [Wire("volumeSet")]
        public required IReadOnlyList<VolumeItem> Volumes { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Paging.CheckMaxResults(request.MaxResults, PageMin, PageMax, request.VolumeIds, "volumeSet");
        foreach (var id in request.VolumeIds)
            VolumeAccess.CheckId(id);
        await call.Authorize();

        var rows = VolumeAccess.Owned(db, call).AsNoTracking();
        if (request.VolumeIds.Count > 0)
        {
            var ids = request.VolumeIds.Distinct().ToList();
            rows = rows.Where(v => EF.Parameter(ids).Contains(v.Id));
            VolumeAccess.CheckAll(ids, await rows.Select(v => v.Id).ToListAsync(cancel));
        }
        var (narrowed, rest) = VolumeFilters.All.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed.Include(v => v.Attachments), v => v.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        var tags = await Tagging.Of(db, call.AccountId, [.. page.Rows.Select(v => v.Id)], cancel);
        return new Response
        {
            NextToken = page.NextToken,
            Volumes = [.. page.Rows.Select(v => VolumeItem.Of(v, tags.Of(v.Id)))],
        };
    }
}
