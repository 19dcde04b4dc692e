using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ebs;

/// <summary>Seals snapshots that clients have written, and fails those that they have abandoned.</summary>
/// <remarks>Its work rows are bound to the node whose disks hold the blocks.</remarks>
public sealed class DirectSnapshotReconciler(
    DirectUploads uploads, RegionStores stores, SnapshotStalls stalls, TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its work rows.</summary>
    public const string WorkKind = "direct-snapshot";

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var snapshot = await db.Snapshots.SingleOrDefaultAsync(s => s.Id == resourceId, cancel);
        if (snapshot is not { State: SnapshotState.Pending })
        {
            // The row is committed: what the staging kept alive is either in a manifest or given up.
            await uploads.Discard(resourceId, snapshot?.Region, cancel);
            stalls.Forget(resourceId);
            return StepResult.Done;
        }
        return snapshot.DirectBlocks is null
            ? await Wait(snapshot, db, cancel) : await Seal(snapshot, db, cancel);
    }

    private async Task<StepResult> Wait(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var upload = uploads.InMemory(snapshot.Id);
        var deadline = snapshot.DirectDeadline ?? snapshot.StartTime.AddMinutes(snapshot.DirectTimeoutMinutes);
        if (upload is not null && upload.Deadline > deadline)
            deadline = upload.Deadline;
        if (now < deadline && !snapshot.DeleteRequested)
        {
            snapshot.DirectDeadline = deadline;
            return StepResult.Again(deadline - now);
        }
        snapshot.Fail(
            $"The snapshot was neither written nor completed within {snapshot.DirectTimeoutMinutes} minutes.", now);
        if (snapshot.DeleteRequested)
            await SnapshotRemoval.Remove(db, snapshot, now, cancel);
        else
            await Collection.Want(db, snapshot.Region, snapshot.NodeId, now, cancel);
        return StepResult.Again(TimeSpan.Zero);
    }

    private async Task<StepResult> Seal(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        var upload = await uploads.Open(snapshot, cancel);
        upload.Phase = UploadPhase.Closed;
        try
        {
            // Thousands of pages and a sync: not on a thread that answers calls.
            var manifest = await Task.Run(() => Commit(snapshot.Region, upload), cancel);
            snapshot.TransferredBytes = upload.Staged.WrittenCount * Block.Size;
            snapshot.Complete(manifest.Id.ToString(), manifest.FullBytes, clock.GetUtcNow());
            await Recompression.Want(db, snapshot.Region, snapshot.NodeId, clock.GetUtcNow(), cancel);
        }
        catch (IOException refused) when (!snapshot.DeleteRequested && SnapshotStalls.IsPassing(refused))
        {
            // The blocks and their journal stay.
            if (stalls.Wait(snapshot, refused, out var pause) is not { } reason)
                return StepResult.Again(pause);
            snapshot.Fail($"{reason} Write the snapshot again.", clock.GetUtcNow());
            await Collection.Want(db, snapshot.Region, snapshot.NodeId, clock.GetUtcNow(), cancel);
            return StepResult.Again(TimeSpan.Zero);
        }
        catch (BlockMissingException lost)
        {
            snapshot.Fail($"A block was lost before it was safe on disk: {lost.Message}", clock.GetUtcNow());
        }
        if (snapshot.DeleteRequested)
            await SnapshotRemoval.Remove(db, snapshot, clock.GetUtcNow(), cancel);
        return StepResult.Again(TimeSpan.Zero);
    }

    private Manifest Commit(string region, DirectUpload upload) =>
        stores.Of(region).OpenManifest(upload.Staged.Commit());
}
