using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Moves machines to where their instances' states say, and the states on when they are there.</summary>
/// <remarks>Its work rows are bound to the node that runs the machine.</remarks>
public sealed class InstanceReconciler(IGuest guest, BootRecorder boots, TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is the instance.</summary>
    public const string WorkKind = "instance";

    // Volumes are made within milliseconds; a machine's own changes come with a time from the guest.
    private static readonly TimeSpan VolumePause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan GuestPause = TimeSpan.FromSeconds(1);

    private const string ServerError = "Server.InternalError";

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Makes sure that somebody looks at an instance now.</summary>
    public static Task Want(Db db, Instance instance, DateTimeOffset now, CancellationToken cancel) =>
        Work.Work.Want(db, WorkKind, instance.Id, now, cancel, instance.NodeId);

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var instance = await db.Instances.SingleOrDefaultAsync(i => i.Id == resourceId, cancel);
        return instance?.State switch
        {
            InstanceState.Pending => await StepPending(instance, db, cancel),
            InstanceState.Running => await StepRunning(instance, db, cancel),
            InstanceState.Stopping => await StepStopping(instance, db, cancel),
            InstanceState.ShuttingDown => await StepShuttingDown(instance, db, cancel),
            InstanceState.Stopped => await WakeWaiting(instance, db, cancel),
            InstanceState.Terminated => await Forget(instance, db, cancel),
            _ => StepResult.Done,
        };
    }

    private async Task<StepResult> StepPending(Instance instance, Db db, CancellationToken cancel)
    {
        var devices = await Devices(instance, db, cancel);
        if (devices.FirstOrDefault(d => d.Volume.State == VolumeState.Error) is { } broken)
        {
            return await Fail(
                instance, devices, broken.Volume.StateMessage ?? "A volume could not be made.", db, cancel);
        }
        if (devices.Any(d => d.Volume.State == VolumeState.Creating))
            return StepResult.Again(VolumePause);
        try
        {
            await boots.Booting(instance, devices.Select(d => d.Volume), cancel);
            await guest.Start(instance, devices, cancel);
        }
        catch (AwsException refusal) when (refusal.Status < 500)
        {
            return await Fail(instance, devices, refusal.Message, db, cancel);
        }
        catch (GuestStartException failure)
        {
            return await Fail(instance, devices, failure.Message, db, cancel, ServerError);
        }
        var look = await guest.Look(instance, cancel);
        if (look.Power != GuestPower.On)
            return StepResult.Again(look.After ?? GuestPause);
        instance.Become(InstanceState.Running, clock.GetUtcNow());
        return await AfterRunning(instance, db, cancel);
    }

    private async Task<StepResult> StepRunning(Instance instance, Db db, CancellationToken cancel)
    {
        var look = await guest.Look(instance, cancel);
        switch (instance.Phase)
        {
            case GuestPhase.None when instance.QuietFor.Count > 0:
                instance.Enter(GuestPhase.Quieting, clock.GetUtcNow());
                await guest.Stop(instance, force: false, cancel);
                return StepResult.Again(TimeSpan.Zero);
            case GuestPhase.Quieting when look.Power == GuestPower.Off:
                instance.Enter(GuestPhase.Quiet, clock.GetUtcNow());
                return await WakeWaiting(instance, db, cancel);
            case GuestPhase.Quiet when instance.QuietFor.Count == 0:
                instance.Enter(GuestPhase.Resuming, clock.GetUtcNow());
                return StepResult.Again(TimeSpan.Zero);
            case GuestPhase.Quiet:
                return await WakeWaiting(instance, db, cancel);
            case GuestPhase.Resuming when look.Power == GuestPower.On:
                instance.Enter(GuestPhase.None, clock.GetUtcNow());
                return await AfterRunning(instance, db, cancel);
            case GuestPhase.Resuming:
                return await Restart(instance, look, db, cancel);
            case GuestPhase.Quieting:
                await guest.Stop(instance, force: false, cancel);
                return StepResult.Again(look.After ?? GuestPause);
            case GuestPhase.None when look.Power == GuestPower.Off:
                return await Ended(instance, look.ShutDownItself, db, cancel);
            default:
                return await AfterRunning(instance, db, cancel);
        }
    }

    /// <summary>A machine that went off by itself: its system shut down, or it died.</summary>
    private async Task<StepResult> Ended(Instance instance, bool shutDownItself, Db db, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var (code, reason) = shutDownItself
            ? ("Client.InstanceInitiatedShutdown", "Client.InstanceInitiatedShutdown: Instance initiated shutdown")
            : (ServerError, $"{ServerError}: The instance's machine ended unexpectedly.");
        if (shutDownItself && instance.ShutdownBehavior == "terminate")
        {
            instance.Become(InstanceState.ShuttingDown, now, code, reason);
            return StepResult.Again(TimeSpan.Zero);
        }
        await guest.Stop(instance, force: true, cancel);
        instance.Become(InstanceState.Stopped, now, code, reason, shutDownItself ? "" : ServerError);
        instance.PublicIpAddress = null;
        return await WakeWaiting(instance, db, cancel);
    }

    private async Task<StepResult> Restart(Instance instance, GuestLook look, Db db, CancellationToken cancel)
    {
        try
        {
            var devices = await Devices(instance, db, cancel);
            await boots.Booting(instance, devices.Select(d => d.Volume), cancel);
            await guest.Start(instance, devices, cancel);
            return StepResult.Again(look.After ?? GuestPause);
        }
        catch (AwsException refusal) when (refusal.Status < 500)
        {
            instance.Become(InstanceState.Stopped, clock.GetUtcNow(),
                "Client.InternalError", "Client.InternalError: " + refusal.Message);
            return StepResult.Done;
        }
        catch (GuestStartException failure)
        {
            instance.Become(InstanceState.Stopped, clock.GetUtcNow(), ServerError, $"{ServerError}: {failure.Message}");
            return StepResult.Done;
        }
    }

    private async Task<StepResult> AfterRunning(Instance instance, Db db, CancellationToken cancel)
    {
        if (instance.RebootRequested)
        {
            await guest.Reboot(instance, cancel);
            instance.RebootRequested = false;
        }
        // Rest is also asked for while the machine is still starting.
        return instance.QuietFor.Count > 0 ? StepResult.Again(TimeSpan.Zero) : StepResult.Done;
    }

    private async Task<StepResult> StepStopping(Instance instance, Db db, CancellationToken cancel)
    {
        await guest.Stop(instance, instance.StopForced, cancel);
        var look = await guest.Look(instance, cancel);
        if (look.Power != GuestPower.Off)
            return StepResult.Again(look.After ?? GuestPause);
        instance.Become(InstanceState.Stopped, clock.GetUtcNow(), instance.StateReasonCode,
            instance.StateReasonMessage, instance.StateTransitionReason);
        instance.PublicIpAddress = null;
        return await WakeWaiting(instance, db, cancel);
    }

    private async Task<StepResult> StepShuttingDown(Instance instance, Db db, CancellationToken cancel)
    {
        await guest.Remove(instance, cancel);
        var look = await guest.Look(instance, cancel);
        if (look.Power != GuestPower.Off)
            return StepResult.Again(look.After ?? GuestPause);
        await End(instance, await Devices(instance, db, cancel), db, cancel);
        instance.Become(InstanceState.Terminated, clock.GetUtcNow(), instance.StateReasonCode,
            instance.StateReasonMessage, instance.StateTransitionReason);
        await WakeWaiting(instance, db, cancel);
        return StepResult.Again(InstanceAccess.Shown);
    }

    /// <summary>A first start that fails ends the instance; a later one leaves it stopped.</summary>
    private async Task<StepResult> Fail(
        Instance instance, IReadOnlyList<GuestDevice> devices, string why, Db db, CancellationToken cancel,
        string code = "Client.InternalError")
    {
        var reason = code == ServerError
            ? $"{code}: Internal error on launch. {why}" : $"{code}: Client error on launch. {why}";
        await guest.Remove(instance, cancel);
        if (instance.LaunchTime != instance.CreatedAt)
        {
            instance.Become(InstanceState.Stopped, clock.GetUtcNow(), code, reason, "Server.InternalError");
            return StepResult.Done;
        }
        await End(instance, devices, db, cancel);
        instance.Become(InstanceState.Terminated, clock.GetUtcNow(), code, reason, "Server.InternalError");
        return StepResult.Again(InstanceAccess.Shown);
    }

    /// <summary>Lets go of everything that the instance held: volumes, interface, address.</summary>
    private async Task End(
        Instance instance, IReadOnlyList<GuestDevice> devices, Db db, CancellationToken cancel)
    {
        foreach (var volume in devices.Select(d => d.Volume))
        {
            var attachment = volume.Attachments.Single(a => a.InstanceId == instance.Id);
            volume.Attachments.Remove(attachment);
            db.Remove(attachment);
            if (volume.Attachments.Count > 0)
                continue;
            if (attachment.DeleteOnTermination)
                volume.State = VolumeState.Deleting;
            else if (volume.State != VolumeState.Error && volume.State != VolumeState.Creating)
                volume.State = VolumeState.Available;
            await Work.Work.Want(
                db, VolumeReconciler.WorkKind, volume.Id, clock.GetUtcNow(), cancel, volume.NodeId);
        }
        var card = await db.NetworkInterfaces.Include(n => n.Groups)
            .SingleOrDefaultAsync(n => n.InstanceId == instance.Id, cancel);
        if (card is not null)
        {
            await Tagging.Forget(db, card.Id, cancel);
            db.Remove(card);
        }
        instance.PublicIpAddress = null;
    }

    /// <summary>Images that wait for the machine's rest look again: it rests, or it never will.</summary>
    private async Task<StepResult> WakeWaiting(Instance instance, Db db, CancellationToken cancel)
    {
        foreach (var image in instance.QuietFor)
            await Work.Work.Want(db, ImageReconciler.WorkKind, image, clock.GetUtcNow(), cancel);
        return StepResult.Done;
    }

    private async Task<StepResult> Forget(Instance instance, Db db, CancellationToken cancel)
    {
        var left = instance.TerminatedAt + InstanceAccess.Shown - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
            return StepResult.Again(left.Value);
        await guest.Forget(instance, cancel);
        await Tagging.Forget(db, instance.Id, cancel);
        db.Remove(instance);
        return StepResult.Done;
    }

    private static async Task<IReadOnlyList<GuestDevice>> Devices(Instance instance, Db db, CancellationToken cancel)
    {
        var volumes = await db.Volumes.Include(v => v.Attachments)
            .Where(v => v.Attachments.Any(a => a.InstanceId == instance.Id)).OrderBy(v => v.Id).ToListAsync(cancel);
        return volumes.ConvertAll(v =>
        {
            var device = v.Attachments.Single(a => a.InstanceId == instance.Id).Device;
            return new GuestDevice(v, device, device == instance.RootDeviceName);
        });
    }
}
