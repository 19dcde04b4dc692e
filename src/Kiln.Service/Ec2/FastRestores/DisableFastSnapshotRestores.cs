using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>Keeps snapshots loaded no longer. EC2 API Reference "DisableFastSnapshotRestores".</summary>
[Operation("ec2:DisableFastSnapshotRestores")]
public sealed class DisableFastSnapshotRestores(Db db, TimeProvider clock)
    : IOperation<DisableFastSnapshotRestores.Request, DisableFastSnapshotRestores.Response>
{
    /// <summary>Which, and where.</summary>
    public sealed record Request
    {
        /// <summary>Zone names; or ids below.</summary>
        [Wire("AvailabilityZone"), MaxLength(20)]
        public IReadOnlyList<string> AvailabilityZones { get; init; } = [];

        /// <summary>Zone ids.</summary>
        [Wire("AvailabilityZoneId"), MaxLength(20)]
        public IReadOnlyList<string> AvailabilityZoneIds { get; init; } = [];

        /// <summary>The snapshots.</summary>
        [Wire("SourceSnapshotId"), MaxLength(FastRestoreTargets.SnapshotsMax)]
        public required IReadOnlyList<string> SourceSnapshotIds { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>What was done, and what not.</summary>
    public sealed record Response
    {
        /// <summary>What is being disabled.</summary>
        [Wire("successful")]
        public required IReadOnlyList<FastSnapshotRestoreItem> Successful { get; init; }

        /// <summary>What cannot be.</summary>
        [Wire("unsuccessful")]
        public required IReadOnlyList<UnsuccessfulFastRestore> Unsuccessful { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var targets = FastRestoreTargets.Read(
            request.SourceSnapshotIds, request.AvailabilityZones, request.AvailabilityZoneIds, call);
        await call.Authorize([.. targets.Resources(call)]);

        var done = new List<FastSnapshotRestore>();
        var refused = new List<(string, Zone, AwsException)>();
        foreach (var (id, zone) in targets.SnapshotIds.SelectMany(id => targets.Zones.Select(zone => (id, zone))))
        {
            var row = await db.FastSnapshotRestores.FindAsync(
                [FastSnapshotRestore.IdOf(id, zone.Name, call.AccountId)], cancel);
            if (row is not { IsWanted: true })
            {
                refused.Add((id, zone, Ec2Error.IncorrectState(
                    $"Fast snapshot restore of {id} is not enabled in {zone.Name}.")));
                continue;
            }
            await FastRestoreReconciler.Disable(db, row, clock.GetUtcNow(), cancel);
            done.Add(row);
        }
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            Successful = [.. done.Select(FastSnapshotRestoreItem.Of)],
            Unsuccessful = UnsuccessfulFastRestore.Of(refused),
        };
    }
}
