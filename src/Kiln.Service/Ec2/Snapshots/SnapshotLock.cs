using System.ComponentModel.DataAnnotations;
using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>How a snapshot is kept from deletion. Amazon EBS User Guide "Amazon EBS snapshot lock".</summary>
public sealed record SnapshotLock
{
    /// <summary>What a lock is at a moment.</summary>
    public enum State
    {
        /// <summary>Nobody can end or shorten it.</summary>
        [EnumMember(Value = "compliance")] Compliance,

        /// <summary>Who has the permission can end or change it.</summary>
        [EnumMember(Value = "governance")] Governance,

        /// <summary>In compliance mode, and can still be ended or changed.</summary>
        [EnumMember(Value = "compliance-cooloff")] ComplianceCooloff,

        /// <summary>Over.</summary>
        [EnumMember(Value = "expired")] Expired,
    }

    /// <summary>Whether it is in compliance mode; else governance.</summary>
    public required bool IsCompliance { get; init; }

    /// <summary>When it was put on.</summary>
    public required DateTimeOffset CreatedOn { get; init; }

    /// <summary>Days, where it was given as days.</summary>
    [Range(1, 36_500)]
    public int? DurationDays { get; init; }

    /// <summary>The end, where it was given as a date.</summary>
    public DateTimeOffset? ExpirationDate { get; init; }

    /// <summary>Hours in which a compliance lock can still be changed.</summary>
    public int? CoolOffHours { get; init; }

    /// <summary>
    /// From when days count: the snapshot's completion, if that is later than the lock; null while pending.
    /// </summary>
    public DateTimeOffset? StartsAt(Snapshot snapshot) => snapshot.State == SnapshotState.Pending ? null
        : snapshot.CompletionTime > CreatedOn ? snapshot.CompletionTime : CreatedOn;

    /// <summary>The end; null while the snapshot is pending and the days do not count yet.</summary>
    public DateTimeOffset? ExpiresOn(Snapshot snapshot) =>
        ExpirationDate ?? (StartsAt(snapshot) is { } start ? start.AddDays(DurationDays ?? 0) : null);

    /// <summary>How many days it holds in all; null while it is not known when they begin.</summary>
    public int? DaysOf(Snapshot snapshot) => DurationDays
        ?? (StartsAt(snapshot) is { } start ? (int)Math.Ceiling((ExpirationDate!.Value - start).TotalDays) : null);

    /// <summary>Until when a compliance lock can still be changed.</summary>
    public DateTimeOffset? CoolOffEndsOn => CoolOffHours is { } hours ? CreatedOn.AddHours(hours) : null;

    /// <summary>What it is now.</summary>
    public State StateAt(Snapshot snapshot, DateTimeOffset now) =>
        ExpiresOn(snapshot) <= now ? State.Expired
        : !IsCompliance ? State.Governance
        : CoolOffEndsOn > now ? State.ComplianceCooloff
        : State.Compliance;
}
