using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Zones;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>The snapshots and zones that a call names, each once.</summary>
/// <param name="SnapshotIds">Ids, well formed.</param>
/// <param name="Zones">Zones of the called Region.</param>
public sealed record FastRestoreTargets(IReadOnlyList<string> SnapshotIds, IReadOnlyList<Zone> Zones)
{
    /// <summary>Snapshots in one call: far above the quota of what can be enabled.</summary>
    public const int SnapshotsMax = 100;

    /// <summary>Reads them.</summary>
    /// <exception cref="AwsException">MissingParameter, InvalidParameterCombination, InvalidZone.NotFound,
    /// InvalidSnapshotID.Malformed.</exception>
    public static FastRestoreTargets Read(
        IReadOnlyList<string> snapshotIds, IReadOnlyList<string> names, IReadOnlyList<string> ids, Call call)
    {
        if (snapshotIds.Count == 0)
            throw Ec2Error.MissingParameter("SourceSnapshotId");
        if (names.Count > 0 && ids.Count > 0)
        {
            throw Ec2Error.InvalidParameterCombination(
                "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together.");
        }
        if (names.Count + ids.Count == 0)
            throw Ec2Error.MissingParameter("AvailabilityZone");
        foreach (var id in snapshotIds)
            SnapshotAccess.CheckId(id);
        return new FastRestoreTargets(
            [.. snapshotIds.Distinct(StringComparer.Ordinal)],
            [
                .. names.Select(name => Zone.Read(call.Region, name, null))
                    .Concat(ids.Select(id => Zone.Read(call.Region, null, id))).Distinct(),
            ]);
    }

    /// <summary>What the caller must be allowed to change.</summary>
    public IReadOnlyList<string> Resources(Call call) => [.. SnapshotIds.Select(id => Arn.Snapshot(call.Region, id))];
}
