using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Deletes a volume that nothing is attached to. EC2 API Reference "DeleteVolume".</summary>
/// <remarks>Snapshots of it are not affected; one that is still pending is completed first.</remarks>
[Operation("ec2:DeleteVolume")]
public sealed class DeleteVolume(Db db, TimeProvider clock) : IOperation<DeleteVolume.Request, DeleteVolume.Response>
{
    /// <summary>The volume.</summary>
    public sealed record Request
    {
        /// <summary>Its id.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        await call.Authorize(VolumeAccess.ArnOf(call, volume.Id));
        if (volume.Attachments.FirstOrDefault() is { } attachment)
            throw Ec2Error.VolumeInUse(volume.Id, attachment.InstanceId);
        if (volume.State is not (VolumeState.Available or VolumeState.Error or VolumeState.Deleting))
            throw Ec2Error.IncorrectVolumeState(volume.Id, "creating", "available");
        volume.State = VolumeState.Deleting;
        await Work.Work.Want(db, VolumeReconciler.WorkKind, volume.Id, clock.GetUtcNow(), cancel, volume.NodeId);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
