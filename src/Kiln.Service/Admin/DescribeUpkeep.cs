using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Storage;

namespace Kiln.Service.Admin;

/// <summary>How a Region's store on this node is looked after: collection, scrub, trash and quarantine.</summary>
[Operation("kiln:DescribeUpkeep")]
public sealed class DescribeUpkeep(
    Operator only, RegionStores stores, Collectors collectors, Scrubs scrubs, ServiceOptions options)
    : IOperation<DescribeUpkeep.Request, DescribeUpkeep.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>The Region.</summary>
        [MaxLength(32)]
        public required string Region { get; init; }
    }

    /// <summary>The response; empty for a Region without a store.</summary>
    public sealed record Response
    {
        /// <summary>What the collection is at.</summary>
        public string? CollectionStage { get; init; }

        /// <summary>When the last whole collection ended.</summary>
        public DateTimeOffset? CollectedAt { get; init; }

        /// <summary>What the scrub is at: Idle, Segments or Manifests.</summary>
        public string? ScrubPhase { get; init; }

        /// <summary>When the last whole scrub ended.</summary>
        public DateTimeOffset? ScrubbedAt { get; init; }

        /// <summary>Bytes that this scrub, or the last one, has read.</summary>
        public long ScrubbedBytes { get; init; }

        /// <summary>Problems that it found.</summary>
        public long ScrubProblems { get; init; }

        /// <summary>Of those, how many it repaired.</summary>
        public long ScrubRepaired { get; init; }

        /// <summary>Records that are damaged and have no second copy.</summary>
        public int Quarantined { get; init; }

        /// <summary>Alarms since the start: files that were needed after they had been collected.</summary>
        public long TrashReads { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        if (!options.RegionList.Contains(request.Region))
            throw AdminError.Validation(
                $"The Region '{request.Region}' is not enabled here. Enabled: {options.Regions}.");
        if (!stores.Present.Contains(request.Region))
            return new Response();
        var store = stores.Of(request.Region);
        var (collection, scrub) = (collectors.Of(request.Region).State, scrubs.Of(request.Region).State);
        return new Response
        {
            CollectionStage = collection.Stage.ToString(),
            CollectedAt = collection.FinishedAt,
            ScrubPhase = scrub.Phase.ToString(),
            ScrubbedAt = scrub.FinishedAt,
            ScrubbedBytes = scrub.BytesRead,
            ScrubProblems = scrub.ProblemCount,
            ScrubRepaired = scrub.RepairedCount,
            Quarantined = store.QuarantinedRecords,
            TrashReads = store.TrashReads,
        };
    }
}
