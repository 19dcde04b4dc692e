using System.ComponentModel.DataAnnotations;
using Kiln.Blocks.Collection;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;

namespace Kiln.Service.Admin;

/// <summary>Asks for a collection of a Region's store on this node, or for a dry run of one, and tells how far it
/// is.</summary>
/// <remarks>
/// The first call answers a ticket at once; calls with the ticket answer the stage, and the report at the end. A
/// restart of the service forgets tickets.
/// </remarks>
[Operation("kiln:CollectGarbage")]
public sealed class CollectGarbage(
    Db db, Operator only, RegionStores stores, Collectors collectors, NodeIdentity node, ServiceOptions options,
    TimeProvider clock) : IOperation<CollectGarbage.Request, CollectGarbage.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>The Region.</summary>
        [MaxLength(32)]
        public required string Region { get; init; }

        /// <summary>Whether only to say what would go.</summary>
        public bool Preview { get; init; }

        /// <summary>Asks after a pass that an earlier call asked for.</summary>
        public long? Ticket { get; init; }
    }

    /// <summary>What was, or would be, collected.</summary>
    public sealed record Collected
    {
        /// <summary>Manifests that are reachable.</summary>
        public required int LiveManifests { get; init; }

        /// <summary>Of those, how many only their youth keeps.</summary>
        public required int YoungManifests { get; init; }

        /// <summary>When the first of those falls due.</summary>
        public DateTimeOffset? YoungUntil { get; init; }

        /// <summary>Manifests that nobody needs.</summary>
        public required int DeadManifests { get; init; }

        /// <summary>Blocks and pages that are kept.</summary>
        public required long LiveRecords { get; init; }

        /// <summary>Bytes on disk of those.</summary>
        public required long LiveBytes { get; init; }

        /// <summary>Blocks and pages that nobody needs.</summary>
        public required long DeadRecords { get; init; }

        /// <summary>Bytes on disk of those.</summary>
        public required long DeadBytes { get; init; }

        /// <summary>Bytes on disk that come free once the trash is emptied.</summary>
        public required long FreedBytes { get; init; }

        /// <summary>Segment files that go.</summary>
        public required int DeletedSegments { get; init; }

        /// <summary>Segment files so thin that their live blocks are moved out of them.</summary>
        public required int ThinSegments { get; init; }

        /// <summary>Files in the trash.</summary>
        public required int TrashFiles { get; init; }

        /// <summary>Bytes of those.</summary>
        public required long TrashBytes { get; init; }

        /// <summary>When the first of those is deleted for good.</summary>
        public DateTimeOffset? PurgeAt { get; init; }

        /// <summary>Files that were deleted for good.</summary>
        public required int PurgedFiles { get; init; }

        /// <summary>Blocks that something needs and the store does not have.</summary>
        public required long MissingRecords { get; init; }

        /// <summary>Why nothing could be collected.</summary>
        public string? Refused { get; init; }
    }

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>Names the pass in later calls.</summary>
        public required long Ticket { get; init; }

        /// <summary>What the collection of this Region is at: Idle, Roots, Mark, SweepManifests, SweepSegments,
        /// Compact or Purge.</summary>
        public required string Stage { get; init; }

        /// <summary>The report; absent until the pass is through.</summary>
        public Collected? Report { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        if (!options.RegionList.Contains(request.Region))
            throw AdminError.Validation(
                $"The Region '{request.Region}' is not enabled here. Enabled: {options.Regions}.");
        if (!stores.Present.Contains(request.Region))
            throw AdminError.Validation($"The Region '{request.Region}' has no store on this node yet.");
        var collector = collectors.Of(request.Region);
        if (request.Ticket is { } ticket)
        {
            if (!collector.TryFind(ticket, out var report))
                throw AdminError.Validation("There is no such ticket: the service was restarted. Ask anew.");
            return Answer(ticket, collector, report);
        }
        ticket = collector.Ask(request.Preview);
        await Work.Work.Want(
            db, Collection.WorkKind, $"{request.Region}/{node.Id}", clock.GetUtcNow(), cancel, node.Id);
        await db.SaveChangesAsync(cancel);
        return Answer(ticket, collector, null);
    }

    private static Response Answer(long ticket, RegionCollector collector, CollectionReport? report) => new()
    {
        Ticket = ticket,
        Stage = collector.State.Stage.ToString(),
        Report = report is null ? null : new Collected
        {
            LiveManifests = report.LiveManifests,
            YoungManifests = report.YoungManifests,
            YoungUntil = report.YoungUntil,
            DeadManifests = report.DeadManifests,
            LiveRecords = report.LiveRecords,
            LiveBytes = report.LiveBytes,
            DeadRecords = report.DeadRecords,
            DeadBytes = report.DeadBytes,
            FreedBytes = report.FreedBytes,
            DeletedSegments = report.DeletedSegments,
            ThinSegments = report.ThinSegments,
            TrashFiles = report.TrashFiles,
            TrashBytes = report.TrashBytes,
            PurgeAt = report.PurgeAt,
            PurgedFiles = report.PurgedFiles,
            MissingRecords = report.MissingRecords,
            Refused = report.Refused,
        },
    };
}
