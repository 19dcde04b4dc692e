using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Keeps a snapshot from deletion for a time, or changes how. EC2 API Reference "LockSnapshot".</summary>
/// <remarks>After its cool-off a compliance lock can only be made longer, by nobody shorter.</remarks>
[Operation("ec2:LockSnapshot")]
public sealed class LockSnapshot(Db db, TimeProvider clock) : IOperation<LockSnapshot.Request, LockSnapshot.Response>
{
    /// <summary>The lock.</summary>
    public sealed record Request
    {
        /// <summary>The snapshot.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary><c>compliance</c> or <c>governance</c>.</summary>
        public required string LockMode { get; init; }

        /// <summary>Hours in which a compliance lock can still be changed.</summary>
        [Range(1, 72)]
        public int? CoolOffPeriod { get; init; }

        /// <summary>Days; or else an end.</summary>
        [Range(1, 36_500)]
        public int? LockDuration { get; init; }

        /// <summary>The end; or else days.</summary>
        public DateTimeOffset? ExpirationDate { get; init; }
    }

    /// <summary>The lock as it is now.</summary>
    public sealed record Response(
        string SnapshotId, SnapshotLock.State LockState, int? LockDuration, int? CoolOffPeriod,
        DateTimeOffset? CoolOffPeriodExpiresOn, DateTimeOffset LockCreatedOn, DateTimeOffset? LockExpiresOn,
        DateTimeOffset? LockDurationStartTime);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        CheckValues(request, now);
        var snapshot = await SnapshotAccess.Owned(db, request.SnapshotId, call, cancel);
        await call.Authorize(Arn.Snapshot(call.Region, snapshot.Id));
        var present = snapshot.IsLocked(now) ? snapshot.Lock : null;
        var wanted = new SnapshotLock
        {
            IsCompliance = request.LockMode == "compliance",
            CreatedOn = present?.CreatedOn ?? now,
            DurationDays = request.LockDuration,
            ExpirationDate = request.ExpirationDate,
            CoolOffHours = request.CoolOffPeriod ?? present?.CoolOffHours,
        };
        if (present?.StateAt(snapshot, now) == SnapshotLock.State.Compliance)
            CheckLonger(request, snapshot, present, wanted);

        snapshot.Lock = wanted;
        await db.SaveChangesAsync(cancel);
        var item = LockedSnapshotItem.Of(snapshot, wanted, now);
        return new Response(item.SnapshotId, item.LockState, item.LockDuration, item.CoolOffPeriod,
            item.CoolOffPeriodExpiresOn, item.LockCreatedOn, item.LockExpiresOn, item.LockDurationStartTime);
    }

    private static void CheckValues(Request request, DateTimeOffset now)
    {
        if (request.LockMode is not ("compliance" or "governance"))
        {
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(request.LockMode), "lockMode", "It must be compliance or governance.");
        }
        if (request.LockDuration is null == request.ExpirationDate is null)
            throw Ec2Error.InvalidParameterCombination("Give either LockDuration or ExpirationDate.");
        if (request.ExpirationDate <= now)
            throw Ec2Error.InvalidParameterValue("The ExpirationDate must be in the future.");
        if (request is { CoolOffPeriod: not null, LockMode: "governance" })
            throw Ec2Error.InvalidParameterCombination("CoolOffPeriod is for locks in compliance mode only.");
    }

    private static void CheckLonger(Request request, Snapshot snapshot, SnapshotLock present, SnapshotLock wanted)
    {
        if (!wanted.IsCompliance || request.CoolOffPeriod is not null
            || wanted.ExpiresOn(snapshot) <= present.ExpiresOn(snapshot))
        {
            throw Ec2Error.OperationNotPermitted(
                $"The snapshot {snapshot.Id} is locked in compliance mode: its lock can only be extended.");
        }
    }
}
