using Kiln.Service.Calls;
using Kiln.Service.Ec2.FastRestores;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Makes a snapshot its owner's alone again. EC2 API Reference "ResetSnapshotAttribute".</summary>
[Operation("ec2:ResetSnapshotAttribute")]
public sealed class ResetSnapshotAttribute(Db db, TimeProvider clock)
    : IOperation<ResetSnapshotAttribute.Request, ResetSnapshotAttribute.Response>
{
    /// <summary>The attribute.</summary>
    public sealed record Request
    {
        /// <summary><c>createVolumePermission</c>.</summary>
        public required string Attribute { get; init; }

        /// <summary>The snapshot.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.Attribute != "createVolumePermission")
        {
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(request.Attribute), "attribute", "Only createVolumePermission can be reset.");
        }
        var snapshot = await SnapshotAccess.Owned(db, request.SnapshotId, call, cancel, withPermissions: true);
        await call.Authorize(Arn.Snapshot(call.Region, snapshot.Id));

        snapshot.Permissions.Clear();
        snapshot.IsPublic = false;
        await FastRestoreReconciler.DisableUnshared(db, snapshot, clock.GetUtcNow(), cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
