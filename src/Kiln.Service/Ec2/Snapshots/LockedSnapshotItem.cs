namespace Kiln.Service.Ec2.Snapshots;

/// <summary>A snapshot's lock as the API shows it. EC2 API Reference "LockedSnapshotsInfo".</summary>
public sealed record LockedSnapshotItem
{
    /// <summary>The owner.</summary>
    public required string OwnerId { get; init; }

    /// <summary>The snapshot.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>What the lock is now.</summary>
    public required SnapshotLock.State LockState { get; init; }

    /// <summary>Days.</summary>
    public int? LockDuration { get; init; }

    /// <summary>Hours in which a compliance lock can still be changed.</summary>
    public int? CoolOffPeriod { get; init; }

    /// <summary>The end of these.</summary>
    public DateTimeOffset? CoolOffPeriodExpiresOn { get; init; }

    /// <summary>When the lock was put on.</summary>
    public required DateTimeOffset LockCreatedOn { get; init; }

    /// <summary>From when its days count.</summary>
    public DateTimeOffset? LockDurationStartTime { get; init; }

    /// <summary>Its end.</summary>
    public DateTimeOffset? LockExpiresOn { get; init; }

    /// <summary>Describes the lock of a snapshot that has one.</summary>
    public static LockedSnapshotItem Of(Snapshot snapshot, SnapshotLock held, DateTimeOffset now) => new()
    {
        OwnerId = snapshot.AccountId,
        SnapshotId = snapshot.Id,
        LockState = held.StateAt(snapshot, now),
        LockDuration = held.DaysOf(snapshot),
        CoolOffPeriod = held.CoolOffHours,
        CoolOffPeriodExpiresOn = held.CoolOffEndsOn,
        LockCreatedOn = held.CreatedOn,
        LockDurationStartTime = held.StartsAt(snapshot),
        LockExpiresOn = held.ExpiresOn(snapshot),
    };
}
