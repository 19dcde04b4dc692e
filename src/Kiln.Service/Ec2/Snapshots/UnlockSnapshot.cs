using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Ends a lock that can still be ended. EC2 API Reference "UnlockSnapshot".</summary>
[Operation("ec2:UnlockSnapshot")]
public sealed class UnlockSnapshot(Db db, TimeProvider clock)
    : IOperation<UnlockSnapshot.Request, UnlockSnapshot.Response>
{
    /// <summary>The snapshot.</summary>
    public sealed record Request
    {
        /// <summary>The snapshot.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The snapshot.</summary>
    public sealed record Response(string SnapshotId);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var snapshot = await SnapshotAccess.Owned(db, request.SnapshotId, call, cancel);
        await call.Authorize(Arn.Snapshot(call.Region, snapshot.Id));
        if (!snapshot.IsLocked(now))
            throw Ec2Error.IncorrectState($"The snapshot {snapshot.Id} is not locked.");
        if (snapshot.Lock!.StateAt(snapshot, now) == SnapshotLock.State.Compliance)
        {
            throw Ec2Error.OperationNotPermitted(
                $"The snapshot {snapshot.Id} is locked in compliance mode and cannot be unlocked.");
        }

        snapshot.Lock = null;
        await db.SaveChangesAsync(cancel);
        return new Response(snapshot.Id);
    }
}
