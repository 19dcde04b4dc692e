using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>A snapshot that an account keeps loaded for new volumes of a zone. Amazon EBS User Guide "Fast snapshot
/// restore".</summary>
/// <remarks>
/// Credits bound how many volumes are made from it: the bucket begins empty when it is enabled and fills by the domain
/// clock.
/// </remarks>
public sealed class FastSnapshotRestore : Entity
{
    /// <summary>The largest snapshot that can be kept loaded: EBS's bound.</summary>
    public const int SizeGiBMax = 16 * 1024;

    /// <summary>A bucket never holds more volumes than this.</summary>
    public const int CreditsMax = 10;

    // GiB that refill one credit in an hour.
    private const double GiBPerCreditHour = 1024;

    /// <summary>SNAPSHOT/ZONE/ACCOUNT.</summary>
    [Key, MaxLength(100)]
    public required string Id { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>Who enabled it.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The node whose disks hold the snapshot.</summary>
    [MaxLength(40)]
    public required string NodeId { get; init; }

    /// <summary>The snapshot.</summary>
    [MaxLength(24)]
    public required string SnapshotId { get; init; }

    /// <summary>The zone's name.</summary>
    [MaxLength(40)]
    public required string AvailabilityZone { get; init; }

    /// <summary>The snapshot's manifest.</summary>
    [MaxLength(128)]
    public required string ManifestId { get; init; }

    /// <summary>The snapshot's size.</summary>
    public required int SizeGiB { get; init; }

    /// <summary>The state; moved by <see cref="Become"/>.</summary>
    public FastSnapshotRestoreState State { get; private set; } = FastSnapshotRestoreState.Enabling;

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset EnablingTime { get; set; }

    /// <summary>When loading began.</summary>
    public DateTimeOffset? OptimizingTime { get; private set; }

    /// <summary>When the bytes were there.</summary>
    public DateTimeOffset? EnabledTime { get; private set; }

    /// <summary>When it was given up.</summary>
    public DateTimeOffset? DisablingTime { get; private set; }

    /// <summary>When it was gone.</summary>
    public DateTimeOffset? DisabledTime { get; private set; }

    /// <summary>Credits at <see cref="CreditsAt"/>.</summary>
    public double Credits { get; private set; }

    /// <summary>When <see cref="Credits"/> was reckoned.</summary>
    public DateTimeOffset CreditsAt { get; private set; } = DateTimeOffset.UnixEpoch;

    /// <summary>Whether its snapshot is to be on this node's disk.</summary>
    public bool IsWanted => State < FastSnapshotRestoreState.Disabling;

    /// <summary>Credits that the bucket holds when full.</summary>
    public int BucketSize => Math.Max(1, Math.Min(CreditsMax, (int)(GiBPerCreditHour / SizeGiB)));

    /// <summary>The id of a snapshot's restore in a zone for an account.</summary>
    public static string IdOf(string snapshotId, string zone, string accountId) => $"{snapshotId}/{zone}/{accountId}";

    /// <summary>Which state may follow which.</summary>
    public static bool MayBecome(FastSnapshotRestoreState from, FastSnapshotRestoreState to) => (from, to) switch
    {
        (FastSnapshotRestoreState.Enabling, FastSnapshotRestoreState.Optimizing) => true,
        (FastSnapshotRestoreState.Optimizing, FastSnapshotRestoreState.Enabled) => true,
        (< FastSnapshotRestoreState.Disabling, FastSnapshotRestoreState.Disabling) => true,
        (FastSnapshotRestoreState.Disabling, FastSnapshotRestoreState.Disabled) => true,
        (FastSnapshotRestoreState.Disabled, FastSnapshotRestoreState.Enabling) => true,
        _ => false,
    };

    /// <summary>Moves it on.</summary>
    public void Become(FastSnapshotRestoreState state, DateTimeOffset now)
    {
        if (!MayBecome(State, state))
            throw new UnreachableException($"Fast restore {Id} cannot go from {State} to {state}.");
        State = state;
        switch (state)
        {
            case FastSnapshotRestoreState.Enabling:
                EnablingTime = now;
                (OptimizingTime, EnabledTime, DisablingTime, DisabledTime) = (null, null, null, null);
                break;
            case FastSnapshotRestoreState.Optimizing:
                OptimizingTime = now;
                break;
            case FastSnapshotRestoreState.Enabled:
                EnabledTime = now;
                (Credits, CreditsAt) = (0, now);
                break;
            case FastSnapshotRestoreState.Disabling:
                DisablingTime = now;
                break;
            default:
                DisabledTime = now;
                break;
        }
    }

    /// <summary>Takes a credit for a volume.</summary>
    /// <returns>Whether there was one.</returns>
    public bool TrySpend(DateTimeOffset now)
    {
        if (State != FastSnapshotRestoreState.Enabled)
            return false;
        var perHour = Math.Min(CreditsMax, GiBPerCreditHour / SizeGiB);
        var credits = Math.Min(BucketSize, Credits + (perHour * Math.Max(0, (now - CreditsAt).TotalHours)));
        if (credits < 1)
            return false;
        (Credits, CreditsAt) = (credits - 1, now);
        return true;
    }

    private sealed class Configuration : IEntityTypeConfiguration<FastSnapshotRestore>
    {
        public void Configure(EntityTypeBuilder<FastSnapshotRestore> builder)
        {
            builder.HasIndex(f => new { f.Region, f.AccountId, f.Id });
            builder.HasIndex(f => f.SnapshotId);
        }
    }
}
