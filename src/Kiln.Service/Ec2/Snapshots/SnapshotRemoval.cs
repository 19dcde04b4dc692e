using Kiln.Service.Ebs;
using Kiln.Service.Ec2.FastRestores;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>
/// Removes a snapshot's row and what hangs on it. Its blocks are freed later, where nothing else needs them.
/// </summary>
public static class SnapshotRemoval
{
    /// <summary>
    /// Removes a snapshot, or has a pending one removed as soon as it is complete. Committed by the caller.
    /// </summary>
    /// <remarks>The foreign key from images to snapshots is what keeps a snapshot that an image uses.</remarks>
    public static async Task Remove(Db db, Snapshot snapshot, DateTimeOffset now, CancellationToken cancel)
    {
        if (snapshot.State == SnapshotState.Pending)
        {
            snapshot.DeleteRequested = true;
            // Nobody may ever complete what a client writes, nor what waits for a disk: both go at once.
            var kind = snapshot.Origin == SnapshotOrigin.Direct
                ? DirectSnapshotReconciler.WorkKind : SnapshotReconciler.WorkKind;
            await Work.Work.Want(db, kind, snapshot.Id, now, cancel, snapshot.NodeId);
            return;
        }
        db.RemoveRange(await db.CreateVolumePermissions.Where(p => p.SnapshotId == snapshot.Id).ToListAsync(cancel));
        await FastRestoreReconciler.Disable(db, snapshot.Id, now, cancel);
        await Tagging.Forget(db, snapshot.Id, cancel);
        db.Remove(snapshot);
        await Collection.Want(db, snapshot.Region, snapshot.NodeId, now, cancel);
    }

    /// <summary>An image that uses the snapshot, or null.</summary>
    public static async Task<string?> UserOf(Db db, string snapshotId, CancellationToken cancel) =>
        await db.ImageSnapshots.Where(s => s.SnapshotId == snapshotId).Select(s => s.ImageId)
            .FirstOrDefaultAsync(cancel);
}
