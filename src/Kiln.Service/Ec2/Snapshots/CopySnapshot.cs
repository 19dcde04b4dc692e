using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Copies a snapshot into the called Region, or to another key. EC2 API Reference "CopySnapshot".</summary>
/// <remarks>
/// Answers with a pending snapshot; a key that cannot be used makes it fail, with StateMessage, as AWS does. Only
/// blocks that the Region lacks are moved. Tags of the source are not copied.
/// </remarks>
[Operation("ec2:CopySnapshot")]
public sealed class CopySnapshot(
    Db db, EbsKeys keys, NewSnapshots snapshots, TimeBasedCopies timed, NodeIdentity node, ServiceOptions options,
    TimeProvider clock)
    : IOperation<CopySnapshot.Request, CopySnapshot.Response>
{
    /// <summary>What to copy, and how.</summary>
    [Unsupported("Outposts only", "DestinationOutpostArn")]
    [Unsupported("Kiln has no Local Zones", "DestinationAvailabilityZone")]
    public sealed record Request
    {
        /// <summary>Minutes within which it is to be completed: 15 to 2880, in steps of 15.</summary>
        public int? CompletionDurationMinutes { get; init; }

        /// <summary>Up to 255 characters; none gives the copy no description.</summary>
        [MaxLength(255)]
        public string? Description { get; init; }

        /// <summary>The called Region again, as SDKs send it.</summary>
        [MaxLength(64)]
        public string? DestinationRegion { get; init; }

        /// <summary>Whether to encrypt; an encrypted source cannot be copied in the clear.</summary>
        public bool? Encrypted { get; init; }

        /// <summary>A key of the called Region, with Encrypted only: id, alias or ARN.</summary>
        [MaxLength(2048)]
        public string? KmsKeyId { get; init; }

        /// <summary>
        /// What SDKs add so that one AWS Region can prove the caller to another. One endpoint serves all Regions here
        /// and has verified this call's own signature, so it is not needed; its Region must be right if given.
        /// </summary>
        [MaxLength(8192)]
        public string? PresignedUrl { get; init; }

        /// <summary>The Region to copy from.</summary>
        [MaxLength(64)]
        public required string SourceRegion { get; init; }

        /// <summary>The snapshot to copy.</summary>
        [MaxLength(64)]
        public required string SourceSnapshotId { get; init; }

        /// <summary>Tags for the copy.</summary>
        [Wire("TagSpecification"), MaxLength(10)]
        public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The copy.</summary>
    public sealed record Response
    {
        /// <summary>The tags it was given.</summary>
        [Wire("tagSet")]
        public IReadOnlyList<Tag> Tags { get; init; } = [];

        /// <summary>Its id.</summary>
        public required string SnapshotId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        CheckRegions(request, call);
        var tags = Tagging.Read(call, request.TagSpecifications, "snapshot");
        var source = (await SnapshotAccess.Found(
            db, [request.SourceSnapshotId], request.SourceRegion, call.AccountId, cancel))[request.SourceSnapshotId];
        await call.Authorize(Arn.AnySnapshot(call), Arn.Snapshot(source.Region, source.Id));
        SnapshotAccess.CheckCompleted(source);
        if (source.NodeId != node.Id)
            throw Ec2Error.UnavailableHere(source.Id, source.NodeId);

        await snapshots.CheckQuota(1, call, cancel);
        await db.Limit($"snapshot copies/{call.AccountId}/{call.Region}",
            db.Snapshots.Where(s => s.Region == call.Region && s.AccountId == call.AccountId
                && s.Origin == SnapshotOrigin.Copy && s.State == SnapshotState.Pending),
            options.SnapshotCopiesPerRegion, more: 1,
            () => Ec2Error.SnapshotCopiesExceeded(options.SnapshotCopiesPerRegion, call.Region), cancel);
        await timed.Admit([source], request.CompletionDurationMinutes, call, cancel);
        var key = await keys.ForSnapshotCopy(source, request.Encrypted, request.KmsKeyId, call, cancel);
        var now = clock.GetUtcNow();
        var copy = Snapshot.CopyOf(source, key, call, node.Id, request.Description ?? "", now,
            request.CompletionDurationMinutes);
        db.Add(copy);
        db.Add(Work.Work.For(SnapshotReconciler.WorkKind, copy.Id, now, copy.NodeId));
        tags.AddTo(db, "snapshot", copy.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response { SnapshotId = copy.Id, Tags = tags.For("snapshot") };
    }

    private void CheckRegions(Request request, Call call)
    {
        if (!options.RegionList.Contains(request.SourceRegion))
        {
            throw Ec2Error.InvalidParameterValue(
                request.SourceRegion, "sourceRegion", $"Enabled Regions are {options.Regions}.");
        }
        // Inside a presigned URL the parameter belongs to the source; outside it can only repeat the called Region.
        if (request.DestinationRegion is { } destination && destination != call.Region)
        {
            throw Ec2Error.InvalidParameterValue(
                destination, "destinationRegion", $"A copy is made in the Region that is called, {call.Region}.");
        }
        if (request.PresignedUrl is { } url && (!Uri.TryCreate(url, UriKind.Absolute, out var parsed)
            || !parsed.Query.Contains(request.SourceRegion, StringComparison.Ordinal)))
        {
            throw Ec2Error.InvalidParameterValue(
                "the given URL", "presignedUrl", "It is not one for CopySnapshot in the source Region; leave it out.");
        }
    }
}
