using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Deletes a key when its waiting period is over, with its aliases and grants.</summary>
/// <remarks>When it was the last replica of a primary that waits for it, the primary's own period begins.</remarks>
public sealed class KeyReconciler(TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its work rows, whose resource is the key's ARN.</summary>
    public const string WorkKind = "kms-key";

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var key = await db.Keys.FindAsync([resourceId], cancel);
        if (key is not { State: KeyState.PendingDeletion, DeletionDate: { } date })
            return StepResult.Done;
        var now = clock.GetUtcNow();
        if (date > now)
            return StepResult.Again(date - now);

        db.RemoveRange(await db.Aliases
            .Where(a => a.Region == key.Region && a.TargetKeyId == key.KeyId).ToListAsync(cancel));
        db.RemoveRange(await db.Grants.Where(g => g.KeyArn == key.Arn).ToListAsync(cancel));
        db.Remove(key);
        if (key is { MultiRegion: true, IsPrimary: false })
            await CountDown(key, db, now, cancel);
        return StepResult.Done;
    }

    private static async Task CountDown(Key replica, Db db, DateTimeOffset now, CancellationToken cancel)
    {
        var primary = await db.Keys.SingleOrDefaultAsync(
            k => k.KeyId == replica.KeyId && k.Region == replica.PrimaryRegion, cancel);
        if (primary is null)
            return;
        primary.Replicas--;
        if (primary is not { State: KeyState.PendingReplicaDeletion, Replicas: 0 })
            return;
        primary.State = KeyState.PendingDeletion;
        primary.DeletionDate = now.AddDays(primary.PendingWindowInDays!.Value);
        await Work.Work.Want(db, WorkKind, primary.Arn, primary.DeletionDate.Value, cancel);
    }
}
