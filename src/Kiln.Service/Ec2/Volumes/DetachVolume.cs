using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Takes a volume from its instance. EC2 API Reference "DetachVolume".</summary>
[Operation("ec2:DetachVolume")]
public sealed class DetachVolume(Db db, TimeProvider clock) : IOperation<DetachVolume.Request, AttachmentItem>
{
    /// <summary>The volume, and where it is.</summary>
    public sealed record Request
    {
        /// <summary>The device name it has there; it must be right if given.</summary>
        [MaxLength(64)]
        public string? Device { get; init; }

        /// <summary>Takes it also from a guest that has not answered an earlier detach.</summary>
        public bool? Force { get; init; }

        /// <summary>The instance; needed where there are several.</summary>
        [MaxLength(64)]
        public string? InstanceId { get; init; }

        /// <summary>The volume.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <inheritdoc/>
    public async Task<AttachmentItem> Handle(Request request, Call call, CancellationToken cancel)
    {
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        var meant = volume.Attachments.FindAll(a => (request.InstanceId is null || a.InstanceId == request.InstanceId)
            && (request.Device is null || a.Device == request.Device));
        await call.Authorize([
            VolumeAccess.ArnOf(call, volume.Id), .. meant.Select(a => InstanceAccess.ArnOf(call, a.InstanceId))]);

        if (volume.Attachments.Count == 0)
            throw Ec2Error.InvalidAttachmentNotFound(volume.Id);
        if (request.InstanceId is null && volume.Attachments.Count > 1)
            throw Ec2Error.MissingParameter("instanceId");
        var attachment = meant.SingleOrDefault() ?? throw Ec2Error.InvalidAttachmentNotFound(
            volume.Id, request.InstanceId ?? volume.Attachments[0].InstanceId);
        var instance = await db.Instances.AsNoTracking().SingleAsync(i => i.Id == attachment.InstanceId, cancel);
        if (instance.RootDeviceName == attachment.Device && instance.State is not InstanceState.Stopped)
        {
            throw Ec2Error.OperationNotPermitted(
                $"Volume {volume.Id} is the root device of instance {instance.Id}. Stop the instance first.");
        }
        if (attachment.State == AttachmentState.Detaching && request.Force != true)
            throw Ec2Error.IncorrectState($"Volume '{volume.Id}' is being detached from {instance.Id}.");
        attachment.State = AttachmentState.Detaching;
        attachment.ForceDetach = request.Force == true;
        await Work.Work.Want(db, VolumeReconciler.WorkKind, volume.Id, clock.GetUtcNow(), cancel, volume.NodeId);
        await db.SaveChangesAsync(cancel);
        return AttachmentItem.Of(attachment);
    }
}
