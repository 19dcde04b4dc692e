using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Deletes a snapshot that no image uses. EC2 API Reference "DeleteSnapshot".</summary>
/// <remarks>
/// Volumes and other snapshots never depend on it: blocks that something else still reaches stay. One that is
/// pending goes as soon as it is complete.
/// </remarks>
[Operation("ec2:DeleteSnapshot")]
public sealed class DeleteSnapshot(Db db, TimeProvider clock)
    : IOperation<DeleteSnapshot.Request, DeleteSnapshot.Response>
{
    /// <summary>The snapshot.</summary>
    public sealed record Request
    {
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
        var now = clock.GetUtcNow();
        var snapshot = await SnapshotAccess.Owned(db, request.SnapshotId, call, cancel);
        await call.Authorize(Arn.Snapshot(call.Region, snapshot.Id));
        // The foreign key is what holds; this look makes the common answer exact.
        if (await SnapshotRemoval.UserOf(db, snapshot.Id, cancel) is { } imageId)
            throw Ec2Error.InvalidSnapshotInUse(snapshot.Id, imageId);
        if (snapshot.IsLocked(now))
            throw Ec2Error.OperationNotPermitted($"The snapshot {snapshot.Id} is locked and cannot be deleted.");

        await SnapshotRemoval.Remove(db, snapshot, now, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
