using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Storage;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>The health of a volume on the wire. EC2 API Reference "VolumeStatusItem".</summary>
public sealed record VolumeStatusItem
{
    /// <summary>The volume.</summary>
    public required string VolumeId { get; init; }

    /// <summary>The zone's name.</summary>
    public required string AvailabilityZone { get; init; }

    /// <summary>The zone's id.</summary>
    public string? AvailabilityZoneId { get; init; }

    /// <summary>The health.</summary>
    public required VolumeStatusInfo VolumeStatus { get; init; }

    /// <summary>How far it is with loading its snapshot; absent for empty volumes.</summary>
    public InitializationStatusDetails? InitializationStatusDetails { get; init; }

    /// <summary>The wire form of a row, without how far it is with loading.</summary>
    public static VolumeStatusItem Of(Volume row) => new()
    {
        VolumeId = row.Id,
        AvailabilityZone = row.AvailabilityZone,
        AvailabilityZoneId = Zones.Zone.ByName(row.Region, row.AvailabilityZone)?.Id,
        VolumeStatus = new VolumeStatusInfo
        {
            Status = StatusOf(row),
            Details =
            [
                new VolumeStatusDetails
                {
                    Name = "io-enabled",
                    Status = row.State == VolumeState.Error ? "failed" : "passed",
                },
                new VolumeStatusDetails { Name = "io-performance", Status = "not-applicable" },
                .. row.SnapshotId is null ? Array.Empty<VolumeStatusDetails>() :
                [
                    new VolumeStatusDetails
                    {
                        Name = "initialization-state",
                        Status = row.InitializedAt is null ? "initializing" : "completed",
                    },
                ],
            ],
        },
    };

    /// <summary>Whether a volume is well: <c>ok</c>, <c>impaired</c> or, while it is made,
    /// <c>insufficient-data</c>.</summary>
    public static string StatusOf(Volume row) => row.State switch
    {
        VolumeState.Error => "impaired",
        VolumeState.Creating => "insufficient-data",
        _ => "ok",
    };

    /// <summary>How far a volume is with loading its snapshot, in this moment.</summary>
    public static InitializationStatusDetails? InitializationOf(Volume row, VolumeLoading loading)
    {
        if (row.SnapshotId is null)
            return null;
        var isDone = row.InitializedAt is not null;
        var transfer = isDone ? null : loading.Find(row);
        return new InitializationStatusDetails
        {
            InitializationType = row.InitializationRate is null ? "default" : "provisioned-rate",
            Progress = isDone ? 100 : Math.Min(transfer?.Percent ?? 0, 99),
            EstimatedTimeToCompleteInSeconds = row.InitializationRate is not { } rate ? null : isDone ? 0
                : ((transfer is { BytesTotal: > 0 } known ? known.BytesTotal - known.BytesDone
                    : loading.TotalBytes(row) ?? 0) / ((long)rate << 20)) + 1,
        };
    }
}
