using Kiln.Blocks;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Brings volumes' snapshots to the local disk: at the rate that was asked for, or, a minute after they were
/// made, at the node's own.</summary>
/// <remarks>docs/decisions/0013-lazy-loading.md. Its work rows are bound to the node whose disks hold the
/// volume.</remarks>
public sealed class VolumeHydrator(
    VolumeLoading loading, RegionStores stores, ServiceOptions options, DomainClock clock) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is the volume.</summary>
    public const string WorkKind = "hydrate";

    // A look at a number; the loading has threads of its own.
    private static readonly TimeSpan LoadPause = TimeSpan.FromMilliseconds(500);

    // For a disk that is nearly full to be cleared.
    private static readonly TimeSpan RoomPause = TimeSpan.FromMinutes(1);

    // For a scrub to repair what is damaged, from another Region or volume.
    private static readonly TimeSpan DamagePause = TimeSpan.FromMinutes(10);

    // What hydration nobody asked for leaves of the disk: guests' writes and snapshots need it more.
    private const int RoomPercentLeft = 10;

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Has a new volume loaded, if it is to be; committed by the caller.</summary>
    public static async Task Want(
        Db db, Volume volume, ServiceOptions options, DateTimeOffset now, CancellationToken cancel)
    {
        if (volume.InitializationRate is null && options.HydrateMiBPerSecond == 0)
            return;
        var after = volume.InitializationRate is null ? TimeSpan.FromSeconds(options.HydrateAfterSeconds) : default;
        await Work.Work.Want(db, WorkKind, volume.Id, now + after, cancel, volume.NodeId);
    }

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var volume = await db.Volumes.SingleOrDefaultAsync(v => v.Id == resourceId, cancel);
        if (volume is not { State: VolumeState.Available or VolumeState.InUse, InitializedAt: null })
        {
            await loading.Forget(resourceId);
            return StepResult.Done;
        }
        if (volume.InitializationRate is null && !HasRoom(volume))
            return StepResult.Again(RoomPause);
        try
        {
            if (!await loading.Advance(volume, volume.InitializationRate ?? options.HydrateMiBPerSecond, cancel))
                return StepResult.Again(LoadPause);
        }
        catch (ObjectDisposedException)
        {
            // Deleted under it; the row will say so.
            return StepResult.Again(LoadPause);
        }
        catch (AwsException unusable) when (unusable.Status < 500)
        {
            // A key that was disabled; its volume cannot be used either, until it is enabled again.
            return StepResult.Again(RoomPause);
        }
        catch (BlockStoreException damaged) when (damaged is BlockCorruptException or BlockMissingException)
        {
            // It is counted where it was found, and would be found again at once.
            return StepResult.Again(DamagePause);
        }
        volume.InitializedAt = clock.GetUtcNow();
        return StepResult.Done;
    }

    private bool HasRoom(Volume volume)
    {
        if (loading.Find(volume) is not null)
            return true;
        var disk = new DriveInfo(stores.FolderOf(volume.Region));
        return disk.AvailableFreeSpace - (loading.TotalBytes(volume) ?? 0) > disk.TotalSize / 100 * RoomPercentLeft;
    }
}
