using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>A fast snapshot restore on the wire. EC2 API Reference "DescribeFastSnapshotRestoreSuccessItem" and its two
/// equals.</summary>
public sealed record FastSnapshotRestoreItem
{
    private const string Asked = "Client.UserInitiated";
    private const string Moved = "Client.UserInitiated - Lifecycle state transition";

    /// <summary>The snapshot.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The zone's name.</summary>
    public required string AvailabilityZone { get; init; }

    /// <summary>The zone's id.</summary>
    public string? AvailabilityZoneId { get; init; }

    /// <summary>The state.</summary>
    public required FastSnapshotRestoreState State { get; init; }

    /// <summary>Whether a user, or time, brought it there.</summary>
    public required string StateTransitionReason { get; init; }

    /// <summary>The account that enabled it.</summary>
    public required string OwnerId { get; init; }

    /// <summary>When it was asked for.</summary>
    public DateTimeOffset? EnablingTime { get; init; }

    /// <summary>When loading began.</summary>
    public DateTimeOffset? OptimizingTime { get; init; }

    /// <summary>When the bytes were there.</summary>
    public DateTimeOffset? EnabledTime { get; init; }

    /// <summary>When it was given up.</summary>
    public DateTimeOffset? DisablingTime { get; init; }

    /// <summary>When it was gone.</summary>
    public DateTimeOffset? DisabledTime { get; init; }

    /// <summary>The wire form of a row.</summary>
    public static FastSnapshotRestoreItem Of(FastSnapshotRestore row) => new()
    {
        SnapshotId = row.SnapshotId,
        AvailabilityZone = row.AvailabilityZone,
        AvailabilityZoneId = Zone.ByName(row.Region, row.AvailabilityZone)?.Id,
        State = row.State,
        StateTransitionReason =
            row.State is FastSnapshotRestoreState.Enabling or FastSnapshotRestoreState.Disabling ? Asked : Moved,
        OwnerId = row.AccountId,
        EnablingTime = row.EnablingTime,
        OptimizingTime = row.OptimizingTime,
        EnabledTime = row.EnabledTime,
        DisablingTime = row.DisablingTime,
        DisabledTime = row.DisabledTime,
    };
}
