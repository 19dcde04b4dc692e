using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ebs;

/// <summary>Ends the writing of a snapshot: counts its blocks, holds its checksum against them, and has it
/// sealed.</summary>
/// <remarks>Answers while the snapshot is pending; <see cref="DirectSnapshotReconciler"/> seals it.</remarks>
[Operation("ebs:CompleteSnapshot")]
[Rest("POST", "/snapshots/completion/{snapshotId}", 202)]
public sealed class CompleteSnapshot(Db db, DirectUploads uploads, TimeProvider clock)
    : IOperation<CompleteSnapshot.Request, CompleteSnapshot.Response>
{
    /// <summary>The API's request.</summary>
    public sealed record Request
    {
        /// <summary>The snapshot.</summary>
        [Path("snapshotId"), Length(1, 64)]
        public required string SnapshotId { get; init; }

        /// <summary>How many different blocks were written.</summary>
        [Header("x-amz-ChangedBlocksCount"), Range(0, int.MaxValue)]
        public required int ChangedBlocksCount { get; init; }

        /// <summary>The aggregate of the blocks' checksums in base64.</summary>
        [Header("x-amz-Checksum"), MaxLength(64)]
        public string? Checksum { get; init; }

        /// <summary>SHA256.</summary>
        [Header("x-amz-Checksum-Algorithm")]
        public ChecksumAlgorithm? ChecksumAlgorithm { get; init; }

        /// <summary>LINEAR.</summary>
        [Header("x-amz-Checksum-Aggregation-Method")]
        public ChecksumAggregationMethod? ChecksumAggregationMethod { get; init; }
    }

    /// <summary>The API's response.</summary>
    public sealed record Response
    {
        /// <summary>The snapshot's state.</summary>
        public SnapshotState? Status { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        DirectNames.CheckSnapshotId(request.SnapshotId);
        CheckChecksumParameters(request);
        var snapshot = await db.Snapshots
            .SingleOrDefaultAsync(
                s => s.Id == request.SnapshotId && s.Region == call.Region && !s.DeleteRequested, cancel);
        if (snapshot is { DirectBlocks: { } counted, State: not SnapshotState.Error }
            && snapshot.AccountId == call.AccountId)
            return await Repeat(request, call, snapshot, counted);
        uploads.CheckWritable(snapshot, request.SnapshotId, call.AccountId);
        await call.Authorize(Arn.Snapshot(call.Region, request.SnapshotId));
        var upload = await uploads.Open(snapshot!, cancel);
        if (clock.GetUtcNow() >= upload.Deadline)
            throw EbsError.WriteRequestTimeout(request.SnapshotId);
        if (!upload.TryClose())
            throw EbsError.ConflictingBlockUpdate($"The snapshot {request.SnapshotId} is being completed.");
        try
        {
            Check(request, upload);
        }
        catch
        {
            upload.Phase = UploadPhase.Open;
            throw;
        }
        try
        {
            snapshot!.DirectBlocks = request.ChangedBlocksCount;
            snapshot.DirectChecksum = request.Checksum;
            await Work.Work.Want(
                db, DirectSnapshotReconciler.WorkKind, snapshot.Id, clock.GetUtcNow(), cancel, snapshot.NodeId);
            await db.SaveChangesAsync(cancel);
        }
        catch
        {
            // Whether it was committed is known to the row only; the next call asks it.
            upload.Phase = UploadPhase.Unknown;
            throw;
        }
        upload.Phase = UploadPhase.Closed;
        return new Response { Status = SnapshotState.Pending };
    }

    /// <summary>A client that did not get the first answer asks again, and gets how far it is.</summary>
    private static async Task<Response> Repeat(Request request, Call call, Snapshot snapshot, int counted)
    {
        await call.Authorize(Arn.Snapshot(call.Region, snapshot.Id));
        return counted == request.ChangedBlocksCount && snapshot.DirectChecksum == request.Checksum
            ? new Response { Status = snapshot.State }
            : throw EbsError.ConflictingBlockUpdate(
                $"The snapshot {snapshot.Id} was completed with {counted} blocks and another checksum or count.");
    }

    private static void CheckChecksumParameters(Request request)
    {
        if (request.Checksum is not null
            ? request.ChecksumAlgorithm is null || request.ChecksumAggregationMethod is null
            : request.ChecksumAlgorithm is not null || request.ChecksumAggregationMethod is not null)
        {
            throw EbsError.InvalidParameterValue(
                "Checksum, ChecksumAlgorithm and ChecksumAggregationMethod go together: give all three or none.");
        }
    }

    private static void Check(Request request, DirectUpload upload)
    {
        var written = upload.Staged.WrittenCount;
        if (written != request.ChangedBlocksCount)
        {
            throw EbsError.InvalidParameterValue(
                $"ChangedBlocksCount is {request.ChangedBlocksCount}, but {written} different blocks were written.");
        }
        if (request.Checksum is not { } checksum)
            return;
        var actual = Convert.ToBase64String(upload.Staged.LinearChecksum());
        if (checksum != actual)
        {
            throw EbsError.InvalidParameterValue(
                $"The checksum {checksum} is not the linear checksum of the {written} written blocks, {actual}.");
        }
    }
}
