using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>The latest change of each volume. EC2 API Reference "DescribeVolumesModifications".</summary>
[Operation("ec2:DescribeVolumesModifications")]
public sealed class DescribeVolumesModifications(Db db, Paging paging)
    : IOperation<DescribeVolumesModifications.Request, DescribeVolumesModifications.Response>
{
    private static readonly FilterSet<VolumeModification> Filters = new FilterSet<VolumeModification>()
        .Enum("modification-state", m => m.State)
        .Computed("original-iops", m => Number(m.Original.Iops))
        .Computed("original-size", m => Number(m.Original.SizeGiB))
        .Computed("original-volume-type", m => m.Original.Type)
        .Computed("originalMultiAttachEnabled", m => m.Original.MultiAttach ? "true" : "false")
        .Computed("start-time", m => VolumeFilters.Time(m.StartTime))
        .Computed("target-iops", m => Number(m.Target.Iops))
        .Computed("target-size", m => Number(m.Target.SizeGiB))
        .Computed("target-volume-type", m => m.Target.Type)
        .Computed("targetMultiAttachEnabled", m => m.Target.MultiAttach ? "true" : "false")
        .Text("volume-id", m => m.VolumeId);

    /// <summary>Which volumes.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>Ids; none for all.</summary>
        [Wire("VolumeId"), MaxLength(DescribeVolumes.IdsMax)]
        public IReadOnlyList<string> VolumeIds { get; init; } = [];

        /// <summary>Filters.</summary>
        [Wire("Filter"), MaxLength(FilterSet<VolumeModification>.FiltersMax)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }

        /// <summary>The most changes in a page, up to 500.</summary>
        public int? MaxResults { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        /// <summary>For the next page.</summary>
        public string? NextToken { get; init; }

        /// <summary>The changes.</summary>
        [Wire("volumeModificationSet")]
        public required IReadOnlyList<VolumeModificationItem> VolumesModifications { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Paging.CheckMaxResults(request.MaxResults, 1, 500);
        foreach (var id in request.VolumeIds)
            VolumeAccess.CheckId(id);
        await call.Authorize();

        var own = VolumeAccess.Owned(db, call);
        var rows = db.VolumeModifications.AsNoTracking().Where(m => own.Any(v => v.Id == m.VolumeId)
            && !db.VolumeModifications.Any(other => other.VolumeId == m.VolumeId && other.Number > m.Number));
        if (request.VolumeIds.Count > 0)
        {
            var ids = request.VolumeIds.Distinct().ToList();
            VolumeAccess.CheckAll(ids, await own.Where(v => EF.Parameter(ids).Contains(v.Id))
                .Select(v => v.Id).ToListAsync(cancel));
            rows = rows.Where(m => EF.Parameter(ids).Contains(m.VolumeId));
            var changed = await rows.Select(m => m.VolumeId).ToListAsync(cancel);
            if (ids.Except(changed).FirstOrDefault() is { } absent)
                throw Ec2Error.InvalidVolumeModificationNotFound(absent);
        }
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(
            narrowed, m => m.VolumeId, rest, request.MaxResults, request.NextToken, call, cancel);
        return new Response
        {
            NextToken = page.NextToken,
            VolumesModifications = [.. page.Rows.Select(VolumeModificationItem.Of)],
        };
    }

    private static string? Number(int? value) => value?.ToString(CultureInfo.InvariantCulture);
}
