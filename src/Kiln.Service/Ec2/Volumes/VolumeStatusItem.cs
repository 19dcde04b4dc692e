using Kiln.Protocol.Shapes;

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

    /// <summary>The wire form of a row.</summary>
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
}
