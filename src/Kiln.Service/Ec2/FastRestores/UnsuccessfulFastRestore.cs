using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>What could not be done for a snapshot. EC2 API Reference "EnableFastSnapshotRestoreErrorItem" and its
/// equal.</summary>
public sealed record UnsuccessfulFastRestore
{
    /// <summary>The snapshot.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>Why, by zone.</summary>
    [Wire("fastSnapshotRestoreStateErrorSet")]
    public required IReadOnlyList<InZone> FastSnapshotRestoreStateErrors { get; init; }

    /// <summary>What could not be done in a zone.</summary>
    public sealed record InZone
    {
        /// <summary>The zone's name.</summary>
        public required string AvailabilityZone { get; init; }

        /// <summary>The zone's id.</summary>
        public string? AvailabilityZoneId { get; init; }

        /// <summary>Why.</summary>
        public required Reason Error { get; init; }
    }

    /// <summary>An error as EC2 words it.</summary>
    /// <param name="Code">The code.</param>
    /// <param name="Message">A sentence.</param>
    public sealed record Reason(string Code, string Message);

    /// <summary>Groups refusals by snapshot, in the order of the call.</summary>
    public static IReadOnlyList<UnsuccessfulFastRestore> Of(
        IEnumerable<(string SnapshotId, Zone Zone, AwsException Refusal)> refusals) =>
    [
        .. refusals.GroupBy(r => r.SnapshotId, StringComparer.Ordinal).Select(of => new UnsuccessfulFastRestore
        {
            SnapshotId = of.Key,
            FastSnapshotRestoreStateErrors =
            [
                .. of.Select(r => new InZone
                {
                    AvailabilityZone = r.Zone.Name,
                    AvailabilityZoneId = r.Zone.Id,
                    Error = new Reason(r.Refusal.Code, r.Refusal.Message),
                }),
            ],
        }),
    ];
}
