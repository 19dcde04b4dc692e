using Kiln.Blocks;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Makes, grows and removes volumes' devices, and moves their attachments on.</summary>
/// <remarks>Its work rows are bound to the node whose disks hold the volume.</remarks>
public sealed partial class VolumeReconciler(
    VolumeDevices devices, VolumeLoading loading, IGuest guests, ServiceOptions options, TimeProvider clock,
    ILogger<VolumeReconciler> log) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is the volume.</summary>
    public const string WorkKind = "volume";

    // A volume that is deleted with a snapshot pending lives on until that is stored.
    private static readonly TimeSpan SnapshotPause = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LoadPause = TimeSpan.FromMilliseconds(50);

    // A guest's system lets go of a device within a moment, or when its user has closed it.
    private static readonly TimeSpan GuestPause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var volume = await db.Volumes.Include(v => v.Attachments)
            .SingleOrDefaultAsync(v => v.Id == resourceId, cancel);
        switch (volume?.State)
        {
            case VolumeState.Creating:
                return await Create(volume, db, cancel);
            case VolumeState.Deleting:
                return await Delete(volume, db, cancel);
            case VolumeState.Available or VolumeState.InUse:
                var again = await MoveAttachments(volume, db, cancel);
                var modified = await Modify(volume, db, cancel);
                return modified.After is null && again is { } pause ? StepResult.Again(pause) : modified;
            default:
                return StepResult.Done;
        }
    }

    private async Task<StepResult> Create(Volume volume, Db db, CancellationToken cancel)
    {
        try
        {
            await devices.Create(volume, cancel);
            if (volume.BaseManifestId is not null)
            {
                bool isLocal;
                using (var use = await devices.Use(volume, cancel))
                    isLocal = use.Device.IsLocal;
                // A fast restore is local from its first moment, also where its key leaves nothing to share.
                if (!isLocal && volume.FastRestored && !await LoadAtOnce(volume, cancel))
                    return StepResult.Again(LoadPause);
                if (isLocal || volume.FastRestored)
                    volume.InitializedAt = clock.GetUtcNow();
                else
                    await VolumeHydrator.Want(db, volume, options, clock.GetUtcNow(), cancel);
            }
            volume.State = volume.Attachments.Count > 0 ? VolumeState.InUse : VolumeState.Available;
            return StepResult.Again(TimeSpan.Zero);
        }
        catch (AwsException refusal) when (refusal.Status < 500)
        {
            volume.Fail(refusal.Message);
            return StepResult.Done;
        }
    }

    /// <returns>False while there is more to load.</returns>
    private async Task<bool> LoadAtOnce(Volume volume, CancellationToken cancel)
    {
        try
        {
            return await loading.Advance(volume, 0, cancel);
        }
        catch (BlockStoreException damaged) when (damaged is not (StoreFullException or StoreReadOnlyException))
        {
            // It is then as any other of its snapshot: what is whole can be read, and it is loaded when that is mended.
            volume.FastRestored = false;
            LogNotFast(damaged, volume.Id);
            return true;
        }
    }

    private async Task<StepResult> Delete(Volume volume, Db db, CancellationToken cancel)
    {
        if (await db.Snapshots.AnyAsync(s => s.VolumeId == volume.Id && s.State == SnapshotState.Pending, cancel))
            return StepResult.Again(SnapshotPause);
        await loading.Forget(volume.Id);
        await devices.Delete(volume.Region, volume.Id, cancel);
        await Tagging.Forget(db, volume.Id, cancel);
        db.RemoveRange(await db.VolumeModifications.Where(m => m.VolumeId == volume.Id).ToListAsync(cancel));
        db.Remove(volume);
        await Collection.Want(db, volume.Region, volume.NodeId, clock.GetUtcNow(), cancel);
        return StepResult.Done;
    }

    /// <returns>When to look again at a guest that has not let go; null where none is asked.</returns>
    private async Task<TimeSpan?> MoveAttachments(Volume volume, Db db, CancellationToken cancel)
    {
        TimeSpan? again = null;
        foreach (var attachment in volume.Attachments.ToList())
        {
            if (attachment.State is not (AttachmentState.Attaching or AttachmentState.Detaching))
                continue;
            var instance = await db.Instances.AsNoTracking()
                .SingleAsync(i => i.Id == attachment.InstanceId, cancel);
            var device = new GuestDevice(
                volume, attachment.Device, attachment.Device == instance.RootDeviceName);
            var stays = attachment.State == AttachmentState.Attaching
                ? await Attach(instance, device, cancel)
                : !await Detach(instance, device, attachment.ForceDetach, cancel);
            if (!stays)
            {
                volume.Attachments.Remove(attachment);
                db.Remove(attachment);
            }
            else if (attachment.State == AttachmentState.Attaching)
            {
                attachment.State = AttachmentState.Attached;
            }
            else
            {
                again = GuestPause;
            }
        }
        volume.State = volume.Attachments.Count > 0 ? VolumeState.InUse : VolumeState.Available;
        return again;
    }

    // A machine that is off, or about to start, gets the volume with its start.
    private async Task<bool> Attach(Instance instance, GuestDevice device, CancellationToken cancel)
    {
        if (instance.State != InstanceState.Running)
            return true;
        try
        {
            await guests.Attach(instance, device, cancel);
            return true;
        }
        catch (AwsException refusal) when (refusal.Status < 500)
        {
            // As AWS does: a volume whose key cannot be used goes from attaching back to available.
            return false;
        }
    }

    // One that is stopping still writes. One that starts has the volume on its list: it is asked when it runs.
    private async Task<bool> Detach(Instance instance, GuestDevice device, bool force, CancellationToken cancel) =>
        instance.State != InstanceState.Pending && await guests.Detach(instance, device, force, cancel);

    private async Task<StepResult> Modify(Volume volume, Db db, CancellationToken cancel)
    {
        var change = await db.VolumeModifications.OrderByDescending(m => m.Number)
            .FirstOrDefaultAsync(m => m.VolumeId == volume.Id, cancel);
        switch (change?.State)
        {
            case VolumeModificationState.Modifying:
                await Apply(volume, change, db, cancel);
                return StepResult.Again(TimeSpan.Zero);
            case VolumeModificationState.Optimizing:
                change.State = VolumeModificationState.Completed;
                change.EndTime = clock.GetUtcNow();
                return StepResult.Done;
            default:
                return StepResult.Done;
        }
    }

    // First the device, then the machines that have it, then the row: a size that is shown is there.
    private async Task Apply(Volume volume, VolumeModification change, Db db, CancellationToken cancel)
    {
        try
        {
            await devices.Grow(volume, change.Target.SizeGiB, cancel);
            if (change.Target.SizeGiB > volume.SizeGiB)
                await ShowGuests(volume, change.Target.SizeGiB, db, cancel);
            volume.SizeGiB = change.Target.SizeGiB;
            volume.VolumeType = change.Target.Type;
            volume.Iops = change.Target.Iops;
            volume.Throughput = change.Target.Throughput;
            volume.MultiAttachEnabled = change.Target.MultiAttach;
            change.State = VolumeModificationState.Optimizing;
        }
        catch (AwsException refusal) when (refusal.Status < 500)
        {
            change.State = VolumeModificationState.Failed;
            change.StatusMessage = refusal.Message.Length > 1024 ? refusal.Message[..1024] : refusal.Message;
            change.EndTime = clock.GetUtcNow();
        }
    }

    private async Task ShowGuests(Volume volume, int sizeGiB, Db db, CancellationToken cancel)
    {
        foreach (var attachment in volume.Attachments.Where(a => a.State == AttachmentState.Attached))
        {
            var instance = await db.Instances.AsNoTracking().SingleAsync(i => i.Id == attachment.InstanceId, cancel);
            var device = new GuestDevice(volume, attachment.Device, attachment.Device == instance.RootDeviceName);
            await guests.Resize(instance, device, sizeGiB, cancel);
        }
    }

    [LoggerMessage(
        Level = LogLevel.Warning, Message = "Volume {Id} is no fast restore: its snapshot cannot be read whole")]
    private partial void LogNotFast(Exception damaged, string id);
}
