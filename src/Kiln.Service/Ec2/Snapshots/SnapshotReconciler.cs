using Kiln.Blocks;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Stores pending snapshots: uploads of cuts, and copies. Rows tell the progress.</summary>
/// <remarks>
/// A transfer runs beside the steps; a step waits for it a little, writes down how far it is, and comes again. Work
/// rows are bound to the node whose disks hold the blocks. Direct snapshots have a reconciler of their own.
/// </remarks>
public sealed class SnapshotReconciler(
    SnapshotUpload uploads, SnapshotCopy copies, Transfers transfers, RegionStores stores,
    SnapshotStalls stalls, IServiceScopeFactory scopes, DomainClock clock) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is the snapshot.</summary>
    public const string WorkKind = "snapshot";

    // Short uploads end within one step; longer ones tell their progress this often.
    private static readonly TimeSpan Notch = TimeSpan.FromMilliseconds(500);

    // Others wake it when its turn has come; this is for those that died before they could.
    private static readonly TimeSpan TurnPause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var snapshot = await db.Snapshots.SingleOrDefaultAsync(s => s.Id == resourceId, cancel);
        if (snapshot is not { State: SnapshotState.Pending })
        {
            await transfers.Forget(resourceId);
            stalls.Forget(resourceId);
            if (snapshot is { State: SnapshotState.Error, Origin: SnapshotOrigin.Volume })
                await uploads.Abandon(snapshot, db, cancel);
            return StepResult.Done;
        }
        try
        {
            return snapshot.UploadedManifestId is null
                ? await Move(snapshot, db, cancel) : await CompleteSet(snapshot, db, cancel);
        }
        catch (Exception failure) when (IsFinal(failure))
        {
            await Fail(snapshot, failure.Message, db, cancel);
            return StepResult.Again(TimeSpan.Zero);
        }
    }

    private async Task<StepResult> Move(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        var transfer = transfers.Find(snapshot.Id);
        if (transfer is not null)
            await CheckStillPossible(snapshot, db, cancel);
        else if (snapshot.Origin == SnapshotOrigin.Copy)
            transfer = await copies.Begin(snapshot, db, cancel);
        else
            transfer = await uploads.Begin(snapshot, db, cancel);
        if (transfer is null)
            return StepResult.Again(TurnPause);

        await Task.WhenAny(transfer.Outcome, Task.Delay(Notch, clock.Wall, cancel));
        if (!transfer.Outcome.IsCompleted)
        {
            cancel.ThrowIfCancellationRequested();
            snapshot.ProgressPercent = Math.Max(snapshot.ProgressPercent, Math.Min(transfer.Percent, 99));
            if (snapshot.Origin == SnapshotOrigin.Copy)
                snapshot.TransferredBytes = transfer.BytesBefore + transfer.BytesMoved;
            return StepResult.Again(TimeSpan.Zero);
        }
        TransferOutcome outcome;
        try
        {
            outcome = await transfer.Outcome;
        }
        catch (IOException refused) when (SnapshotStalls.IsPassing(refused))
        {
            await transfers.Forget(snapshot.Id);
            // Room is mostly made by deleting: what waits for it in vain must not keep it.
            if (snapshot is { DeleteRequested: true, SetId: null })
            {
                await Fail(snapshot, "It was deleted before it was stored.", db, cancel);
                return StepResult.Again(TimeSpan.Zero);
            }

            // The cut stays with the volume whatever happens.
            if (stalls.Wait(snapshot, refused, out var pause) is not { } reason)
                return StepResult.Again(pause);
            await Fail(
                snapshot, $"{reason} No data is lost: the volume's changes go into its next snapshot.", db, cancel);
            return StepResult.Again(TimeSpan.Zero);
        }
        catch
        {
            await transfers.Forget(snapshot.Id);
            throw;
        }
        await Finish(snapshot, outcome, db, cancel);
        return StepResult.Again(TimeSpan.Zero);
    }

    // A key that was disabled, or a source that was deleted, ends what is under way.
    private async Task CheckStillPossible(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<DataKeys>().OpenOrClear(snapshot.DataKeyId, cancel);
        if (snapshot.Origin == SnapshotOrigin.Copy)
            await SnapshotCopy.CheckSource(snapshot, db, cancel);
    }

    private async Task Finish(Snapshot snapshot, TransferOutcome outcome, Db db, CancellationToken cancel)
    {
        snapshot.TransferredBytes = outcome.MovedBytes;
        if (snapshot.Origin == SnapshotOrigin.Volume)
        {
            var volume = await db.Volumes.SingleOrDefaultAsync(v => v.Id == snapshot.VolumeId, cancel);
            if (volume is not null)
                volume.LastManifestId = outcome.Manifest.ToString();
        }
        if (snapshot.SetId is not null)
        {
            snapshot.UploadedManifestId = outcome.Manifest.ToString();
            snapshot.ProgressPercent = 99;
            await WakeNext(snapshot, db, cancel);
            return;
        }
        await Complete(snapshot, outcome.Manifest.ToString(), db, cancel);
    }

    private async Task<StepResult> CompleteSet(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        var set = await db.Snapshots.Where(s => s.SetId == snapshot.SetId).ToListAsync(cancel);
        if (set.Exists(s => s.State == SnapshotState.Pending && s.UploadedManifestId is null))
            return StepResult.Again(TurnPause);
        foreach (var member in set.Where(s => s.State == SnapshotState.Pending))
            await Complete(member, member.UploadedManifestId!, db, cancel);
        return StepResult.Again(TimeSpan.Zero);
    }

    private async Task Complete(Snapshot snapshot, string manifestId, Db db, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        snapshot.Complete(manifestId, stores.Manifest(snapshot.Region, snapshot.Id, manifestId).FullBytes, now);
        await ImageReconciler.Wake(db, snapshot.Id, now, cancel);
        await WakeNext(snapshot, db, cancel);
        await Recompression.Want(db, snapshot.Region, snapshot.NodeId, now, cancel);
        if (snapshot.DeleteRequested)
            await SnapshotRemoval.Remove(db, snapshot, now, cancel);
    }

    private async Task Fail(Snapshot snapshot, string message, Db db, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var failing = snapshot.SetId is null ? [snapshot] : await db.Snapshots
            .Where(s => s.SetId == snapshot.SetId && s.State == SnapshotState.Pending).ToListAsync(cancel);
        foreach (var member in failing)
        {
            await transfers.Forget(member.Id);
            member.Fail(
                member == snapshot ? message : $"Snapshot {snapshot.Id} of the same set failed: {message}", now);
            await ImageReconciler.Wake(db, member.Id, now, cancel);
            await WakeNext(member, db, cancel);
            if (member.DeleteRequested)
                await SnapshotRemoval.Remove(db, member, now, cancel);
        }
    }

    private async Task WakeNext(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        var others = db.Snapshots.Where(s => s.Id != snapshot.Id && s.State == SnapshotState.Pending);
        var waiting = await (snapshot.Origin switch
        {
            SnapshotOrigin.Volume => others.Where(s => s.VolumeId == snapshot.VolumeId),
            SnapshotOrigin.Copy => others.Where(
                s => s.SourceSnapshotId == snapshot.SourceSnapshotId && s.Region == snapshot.Region),
            _ => others.Where(_ => false),
        }).Select(s => s.Id).ToListAsync(cancel);
        foreach (var id in waiting)
            await Work.Work.Want(db, WorkKind, id, clock.GetUtcNow(), cancel, snapshot.NodeId);
    }

    // Lost or damaged blocks and keys that may not be used stay so; a full disk or a lock may pass.
    private static bool IsFinal(Exception failure) => failure switch
    {
        AwsException refusal => refusal.Status < 500,
        _ when SnapshotStalls.IsPassing(failure) => false,
        BlockStoreException or Blocks.Devices.VolumeCutLostException => true,
        _ => false,
    };
}
