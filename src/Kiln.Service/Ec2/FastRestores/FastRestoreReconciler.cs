using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>Loads the snapshots of fast restores, and lets go of those that are disabled.</summary>
/// <remarks>A restore is <c>enabled</c> when the bytes are on the disk, neither sooner nor later.</remarks>
public sealed class FastRestoreReconciler(
    LoadedCopies copies, IServiceScopeFactory scopes, DomainClock clock) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is the restore.</summary>
    public const string WorkKind = "fast-restore";

    /// <summary>How long a disabled restore is shown.</summary>
    public static readonly TimeSpan Shown = TimeSpan.FromHours(1);

    private static readonly TimeSpan LoadPause = TimeSpan.FromMilliseconds(250);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Gives a restore up; committed by the caller.</summary>
    public static Task Disable(Db db, FastSnapshotRestore row, DateTimeOffset now, CancellationToken cancel)
    {
        row.Become(FastSnapshotRestoreState.Disabling, now);
        return Work.Work.Want(db, WorkKind, row.Id, now, cancel, row.NodeId);
    }

    /// <summary>Gives up the restores of a snapshot that is deleted; committed by the caller.</summary>
    public static Task Disable(Db db, string snapshotId, DateTimeOffset now, CancellationToken cancel) =>
        DisableAll(db, snapshotId, _ => true, now, cancel);

    /// <summary>Gives up the restores of those who may not use a snapshot any more; committed by the caller.</summary>
    public static Task DisableUnshared(Db db, Snapshot snapshot, DateTimeOffset now, CancellationToken cancel) =>
        DisableAll(db, snapshot.Id, row => row.AccountId != snapshot.AccountId && !snapshot.Permissions.Any(p =>
            p.Kind == CreateVolumePermission.Group || p.Value == row.AccountId), now, cancel);

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var row = await db.FastSnapshotRestores.SingleOrDefaultAsync(f => f.Id == resourceId, cancel);
        var now = clock.GetUtcNow();
        switch (row?.State)
        {
            case FastSnapshotRestoreState.Enabling:
                row.Become(FastSnapshotRestoreState.Optimizing, now);
                return StepResult.Again(TimeSpan.Zero);
            case FastSnapshotRestoreState.Optimizing:
                if (!await Load(row, db, cancel))
                    return StepResult.Again(LoadPause);
                row.Become(FastSnapshotRestoreState.Enabled, now);
                return StepResult.Done;
            case FastSnapshotRestoreState.Disabling:
                row.Become(FastSnapshotRestoreState.Disabled, now);
                await Collection.Want(db, row.Region, row.NodeId, now, cancel);
                return StepResult.Again(Shown);
            case FastSnapshotRestoreState.Disabled:
                var left = row.DisabledTime + Shown - now;
                if (left > TimeSpan.Zero)
                    return StepResult.Again(left.Value);
                db.Remove(row);
                return StepResult.Done;
            default:
                return StepResult.Done;
        }
    }

    private async Task<bool> Load(FastSnapshotRestore row, Db db, CancellationToken cancel)
    {
        var dataKey = await db.Snapshots.Where(s => s.Id == row.SnapshotId).Select(s => s.DataKeyId)
            .FirstOrDefaultAsync(cancel);
        await using var scope = scopes.CreateAsyncScope();
        await scope.ServiceProvider.GetRequiredService<DataKeys>().OpenOrClear(dataKey, cancel);
        // At the disk's speed: it is asked for by name, and bounded by a quota.
        return await copies.Load(new LoadedCopy(row.Region, row.ManifestId, row.SizeGiB, dataKey), 0, cancel);
    }

    private static async Task DisableAll(
        Db db, string snapshotId, Func<FastSnapshotRestore, bool> which, DateTimeOffset now, CancellationToken cancel)
    {
        var rows = await db.FastSnapshotRestores.Where(f => f.SnapshotId == snapshotId).ToListAsync(cancel);
        foreach (var row in rows.Where(r => r.IsWanted && which(r)))
            await Disable(db, row, now, cancel);
    }
}
