using System.Runtime.Serialization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Takes an image out of use; its snapshots stay unless they are asked to go. EC2 API Reference "DeregisterImage".
/// </summary>
/// <remarks>
/// Instances and volumes made from it are not touched: volumes never depend on their image. Its name is free.
/// </remarks>
[Operation("ec2:DeregisterImage")]
public sealed class DeregisterImage(Db db, TimeProvider clock)
    : IOperation<DeregisterImage.Request, DeregisterImage.Response>
{
    /// <summary>What became of a snapshot. EC2 API Reference "DeleteSnapshotReturnCode".</summary>
    public enum ReturnCode
    {
        /// <summary>Deleted, or deleted as soon as it is complete.</summary>
        [EnumMember(Value = "success")] Success,

        /// <summary>Another image uses it.</summary>
        [EnumMember(Value = "skipped")] Skipped,

        /// <summary>The caller may not delete it.</summary>
        [EnumMember(Value = "missing-permissions")] MissingPermissions,

        /// <summary>The service failed.</summary>
        [EnumMember(Value = "internal-error")] InternalError,

        /// <summary>It is not the caller's, or locked.</summary>
        [EnumMember(Value = "client-error")] ClientError,
    }

    /// <summary>The image.</summary>
    public sealed record Request
    {
        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>Whether its snapshots go too, where no other image uses them.</summary>
        public bool? DeleteAssociatedSnapshots { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>What became of it.</summary>
    public sealed record Response
    {
        /// <summary>True.</summary>
        public bool Return { get; init; } = true;

        /// <summary>One for each snapshot, where they were asked to go.</summary>
        [Wire("deleteSnapshotResultSet")]
        public IReadOnlyList<DeletedSnapshot>? DeleteSnapshotResults { get; init; }
    }

    /// <summary>What became of one snapshot.</summary>
    public sealed record DeletedSnapshot(string SnapshotId, ReturnCode ReturnCode);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel);
        await call.Authorize(Arn.Image(call.Region, image.Id));
        if (image.IsProtected(now))
        {
            throw Ec2Error.OperationNotPermitted($"The image {image.Id} is protected from deregistration " +
                $"({image.ProtectionText(now)}). Use DisableImageDeregistrationProtection first.");
        }

        var uses = await db.ImageSnapshots.Where(s => s.ImageId == image.Id).ToListAsync(cancel);
        db.RemoveRange(uses);
        image.Become(ImageState.Deregistered, now);
        await Tagging.Forget(db, image.Id, cancel);
        // A machine that is brought to rest for it is let go.
        if (image.PendingCut is not null)
            await Work.Work.Want(db, ImageReconciler.WorkKind, image.Id, now, cancel);
        var results = request.DeleteAssociatedSnapshots == true
            ? await DeleteSnapshots(image, call, now, cancel) : null;
        await db.SaveChangesAsync(cancel);
        return new Response { DeleteSnapshotResults = results };
    }

    private async Task<List<DeletedSnapshot>> DeleteSnapshots(
        Image image, Call call, DateTimeOffset now, CancellationToken cancel)
    {
        string[] ids = [.. image.Devices.Select(d => d.SnapshotId).OfType<string>().Distinct()];
        var snapshots = await db.Snapshots.Where(s => EF.Parameter(ids).Contains(s.Id))
            .ToDictionaryAsync(s => s.Id, cancel);
        var inUse = await db.ImageSnapshots
            .Where(s => EF.Parameter(ids).Contains(s.SnapshotId) && s.ImageId != image.Id)
            .Select(s => s.SnapshotId).Distinct().ToListAsync(cancel);
        var results = new List<DeletedSnapshot>(ids.Length);
        foreach (var id in ids)
        {
            if (snapshots.TryGetValue(id, out var snapshot))
                results.Add(new DeletedSnapshot(id, await Delete(snapshot, inUse.Contains(id), call, now, cancel)));
        }
        return results;
    }

    private async Task<ReturnCode> Delete(
        Snapshot snapshot, bool isInUse, Call call, DateTimeOffset now, CancellationToken cancel)
    {
        if (isInUse)
            return ReturnCode.Skipped;
        if (snapshot.AccountId != call.AccountId || snapshot.IsLocked(now))
            return ReturnCode.ClientError;
        if (!await call.MayAsync("ec2:DeleteSnapshot", Arn.Snapshot(call.Region, snapshot.Id)))
            return ReturnCode.MissingPermissions;
        await SnapshotRemoval.Remove(db, snapshot, now, cancel);
        return ReturnCode.Success;
    }
}
