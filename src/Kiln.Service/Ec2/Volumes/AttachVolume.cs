using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Gives a volume to a running or stopped instance. EC2 API Reference "AttachVolume".</summary>
[Operation("ec2:AttachVolume")]
public sealed partial class AttachVolume(Db db, TimeProvider clock) : IOperation<AttachVolume.Request, AttachmentItem>
{
    /// <summary>EBS volumes of one instance: 40 is what Linux instances are sure to boot with.</summary>
    public const int PerInstanceMax = 40;

    /// <summary>Instances that one multi-attach volume may be attached to: EBS's bound.</summary>
    public const int PerVolumeMax = 16;

    /// <summary>Volume, instance and place.</summary>
    [Unsupported("instances have one EBS card", "EbsCardIndex")]
    public sealed record Request
    {
        /// <summary>The device name, e.g. <c>/dev/sdf</c>.</summary>
        [MaxLength(64)]
        public required string Device { get; init; }

        /// <summary>The instance.</summary>
        [MaxLength(64)]
        public required string InstanceId { get; init; }

        /// <summary>The volume.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <inheritdoc/>
    public async Task<AttachmentItem> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (!DeviceName().IsMatch(request.Device))
            throw Ec2Error.InvalidDeviceName(request.Device);
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        var instance = await InstanceOf(request.InstanceId, call, cancel);
        await call.Authorize(
            VolumeAccess.ArnOf(call, volume.Id), Arn.Ec2(call.Region, call.AccountId, "instance", instance.Id));

        if (instance.State is not (InstanceState.Running or InstanceState.Stopped))
        {
            throw Ec2Error.IncorrectState(
                $"Instance '{instance.Id}' is not 'running' or 'stopped'. Wait for it, or choose another.");
        }
        await CheckVolume(volume, instance, cancel);
        await CheckPlace(instance, request.Device, cancel);
        var attachment = new VolumeAttachment
        {
            VolumeId = volume.Id,
            InstanceId = instance.Id,
            Device = request.Device,
            AttachTime = clock.GetUtcNow(),
        };
        volume.Attachments.Add(attachment);
        volume.State = VolumeState.InUse;
        await Work.Work.Want(db, VolumeReconciler.WorkKind, volume.Id, clock.GetUtcNow(), cancel, volume.NodeId);
        await db.SaveChangesAsync(cancel);
        return AttachmentItem.Of(attachment);
    }

    private async Task<Instance> InstanceOf(string id, Call call, CancellationToken cancel)
    {
        if (!Ids.IsWellFormed("i", id))
            throw new AwsException("InvalidInstanceID.Malformed", 400, $"Invalid id: \"{id}\" (expecting \"i-...\")");
        var instance = await db.Instances.SingleOrDefaultAsync(
            i => i.Id == id && i.Region == call.Region && i.AccountId == call.AccountId, cancel);
        return instance ?? throw new AwsException(
            "InvalidInstanceID.NotFound", 400, $"The instance ID '{id}' does not exist");
    }

    private async Task CheckVolume(Volume volume, Instance instance, CancellationToken cancel)
    {
        if (volume.AvailabilityZone != instance.AvailabilityZone)
            throw Ec2Error.InvalidVolumeZoneMismatch(volume.Id, instance.Id);
        if (volume.NodeId != instance.NodeId)
            throw Ec2Error.UnavailableHere(volume.Id, volume.NodeId);
        if (volume.Attachments.FirstOrDefault(a => a.InstanceId == instance.Id) is { } same)
            throw Ec2Error.VolumeInUse(volume.Id, same.InstanceId);
        if (volume.State == VolumeState.InUse && volume.MultiAttachEnabled)
        {
            await db.Limit($"attachments/{volume.Id}", db.VolumeAttachments.Where(a => a.VolumeId == volume.Id),
                PerVolumeMax, more: 1, () => new AwsException("AttachmentLimitExceeded", 400,
                    $"Volume {volume.Id} is attached to {PerVolumeMax} instances, which is the most."), cancel);
            return;
        }
        if (volume.Attachments.FirstOrDefault() is { } other)
            throw Ec2Error.VolumeInUse(volume.Id, other.InstanceId);
        if (volume.State != VolumeState.Available)
        {
            throw Ec2Error.IncorrectVolumeState(
                volume.Id, volume.State.ToString().ToLowerInvariant(), "'available'");
        }
    }

    private async Task CheckPlace(Instance instance, string device, CancellationToken cancel)
    {
        var taken = db.VolumeAttachments.Where(a => a.InstanceId == instance.Id);
        if (await taken.AnyAsync(a => a.Device == device, cancel)
            || instance.EphemeralDevices.Any(e => e.DeviceName == device))
            throw Ec2Error.InvalidDeviceInUse(device);
        await db.Limit($"attachments/{instance.Id}", taken, PerInstanceMax, more: 1,
            () => new AwsException("AttachmentLimitExceeded", 400,
                $"Instance {instance.Id} has {PerInstanceMax} volumes, which is the most."), cancel);
    }

    // EC2 User Guide "Device names for volumes on Amazon EC2 instances".
    [GeneratedRegex(@"\A(/dev/)?(sd[a-z]([1-9]|1[0-5])?|xvd[a-z]{1,2}|hd[a-z]([1-9]|1[0-5])?)\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex DeviceName();
}
