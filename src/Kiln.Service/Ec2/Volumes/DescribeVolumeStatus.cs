using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Tells the health of volumes. EC2 API Reference "DescribeVolumeStatus".</summary>
[Operation("ec2:DescribeVolumeStatus")]
public sealed class DescribeVolumeStatus(Db db, VolumeLoading loading, Paging paging)
    : IOperation<DescribeVolumeStatus.Request, DescribeVolumeStatus.Response>
{
    // No volume has scheduled events or actions here, so those filters match nothing.
    private static readonly FilterSet<Volume> Filters = new FilterSet<Volume>()
        .Computed("action.code", _ => (string?)null)
        .Computed("action.description", _ => (string?)null)
        .Computed("action.event-id", _ => (string?)null)
        .Text("availability-zone", v => v.AvailabilityZone)
        .Computed("availability-zone-id", v => Zone.ByName(v.Region, v.AvailabilityZone)?.Id)
        .Computed("event.description", _ => (string?)null)
        .Computed("event.event-id", _ => (string?)null)
        .Computed("event.event-type", _ => (string?)null)
        .Computed("event.not-after", _ => (string?)null)
        .Computed("event.not-before", _ => (string?)null)
        .Computed("operator.managed", _ => "false")
        .Computed("operator.principal", _ => (string?)null)
        .Computed("volume-status.details-name", v => VolumeStatusItem.Of(v).VolumeStatus.Details.Select(d => d.Name))
        .Computed("volume-status.details-status",
            v => VolumeStatusItem.Of(v).VolumeStatus.Details.Select(d => d.Status))
        .Computed("volume-status.status", VolumeStatusItem.StatusOf);

    /// <summary>Which volumes.</summary>
    [Unsupported("no service provider manages volumes here", "IncludeManagedResources")]
    public sealed record Request
    {
        /// <summary>The most volumes in a page, 5 to 1000.</summary>
        public int? MaxResults { get; init; }

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }

        /// <summary>Ids; none for all.</summary>
        [Wire("VolumeId"), MaxLength(DescribeVolumes.IdsMax)]
        public IReadOnlyList<string> VolumeIds { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>Filters.</summary>
        [Wire("Filter"), MaxLength(FilterSet<Volume>.FiltersMax)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        /// <summary>For the next page.</summary>
        public string? NextToken { get; init; }

        /// <summary>The volumes.</summary>
        [Wire("volumeStatusSet")]
        public required IReadOnlyList<VolumeStatusItem> VolumeStatuses { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Paging.CheckMaxResults(request.MaxResults, DescribeVolumes.PageMin, DescribeVolumes.PageMax);
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
        var (narrowed, rest) = Filters.Apply(rows, request.Filters, db, call);
        var page = await paging.Read(narrowed, v => v.Id, rest, request.MaxResults, request.NextToken, call, cancel);
        return new Response
        {
            NextToken = page.NextToken,
            VolumeStatuses = [.. page.Rows.Select(v => VolumeStatusItem.Of(v) with
            {
                InitializationStatusDetails = VolumeStatusItem.InitializationOf(v, loading),
            })],
        };
    }
}
