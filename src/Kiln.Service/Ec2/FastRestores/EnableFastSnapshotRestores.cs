using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>Keeps snapshots loaded for new volumes. EC2 API Reference "EnableFastSnapshotRestores".</summary>
/// <remarks>Own snapshots and shared ones. What cannot be enabled is told by snapshot and zone; the rest is.</remarks>
[Operation("ec2:EnableFastSnapshotRestores")]
public sealed class EnableFastSnapshotRestores(Db db, NodeIdentity node, ServiceOptions options, TimeProvider clock)
    : IOperation<EnableFastSnapshotRestores.Request, EnableFastSnapshotRestores.Response>
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
        /// <summary>What is being enabled, or is already.</summary>
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

        var kept = (await db.FastSnapshotRestores
            .Where(f => f.Region == call.Region && f.AccountId == call.AccountId).ToListAsync(cancel))
            .Where(f => f.IsWanted).Select(f => f.SnapshotId).ToHashSet(StringComparer.Ordinal);
        var done = new List<FastSnapshotRestore>();
        var refused = new List<(string, Zone, AwsException)>();
        foreach (var id in targets.SnapshotIds)
        {
            foreach (var zone in targets.Zones)
            {
                try
                {
                    done.Add(await Enable(id, zone, kept, call, cancel));
                }
                catch (AwsException refusal) when (refusal.Status < 500)
                {
                    refused.Add((id, zone, refusal));
                }
            }
        }
        db.Keep($"fast restores/{call.AccountId}/{call.Region}", async stop => await db.FastSnapshotRestores
            .Where(f => f.Region == call.Region && f.AccountId == call.AccountId
                && f.State != FastSnapshotRestoreState.Disabling && f.State != FastSnapshotRestoreState.Disabled)
            .Select(f => f.SnapshotId).Distinct().CountAsync(stop) <= options.FastSnapshotRestoresPerRegion);
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            Successful = [.. done.Select(FastSnapshotRestoreItem.Of)],
            Unsuccessful = UnsuccessfulFastRestore.Of(refused),
        };
    }

    private async Task<FastSnapshotRestore> Enable(
        string snapshotId, Zone zone, HashSet<string> kept, Call call, CancellationToken cancel)
    {
        var snapshot = (await SnapshotAccess.Found(
            db, [snapshotId], call.Region, call.AccountId, cancel))[snapshotId];
        SnapshotAccess.CheckCompleted(snapshot);
        if (snapshot.NodeId != node.Id)
            throw Ec2Error.UnavailableHere(snapshot.Id, snapshot.NodeId);
        if (snapshot.VolumeSizeGiB > FastSnapshotRestore.SizeGiBMax)
        {
            throw Ec2Error.InvalidParameterValue(snapshotId, "sourceSnapshotId",
                $"Fast snapshot restore takes snapshots of up to {FastSnapshotRestore.SizeGiBMax} GiB.");
        }
        var now = clock.GetUtcNow();
        var id = FastSnapshotRestore.IdOf(snapshotId, zone.Name, call.AccountId);
        var row = await db.FastSnapshotRestores.FindAsync([id], cancel);
        if (row is { IsWanted: true })
            return row;
        if (!kept.Contains(snapshotId) && kept.Count >= options.FastSnapshotRestoresPerRegion)
        {
            throw Ec2Error.ResourceLimitExceeded("Too many snapshots are enabled for fast snapshot restore. The " +
                $"limit is {options.FastSnapshotRestoresPerRegion} in {call.Region}.");
        }
        switch (row?.State)
        {
            case null:
                row = new FastSnapshotRestore
                {
                    Id = id,
                    Region = call.Region,
                    AccountId = call.AccountId,
                    NodeId = node.Id,
                    SnapshotId = snapshotId,
                    AvailabilityZone = zone.Name,
                    ManifestId = snapshot.ManifestId!,
                    SizeGiB = snapshot.VolumeSizeGiB,
                    EnablingTime = now,
                };
                db.Add(row);
                break;
            case FastSnapshotRestoreState.Disabled:
                row.Become(FastSnapshotRestoreState.Enabling, now);
                break;
            default:
                throw Ec2Error.IncorrectState(
                    $"Fast snapshot restore of {snapshotId} is being disabled in {zone.Name}.");
        }
        kept.Add(snapshotId);
        await Work.Work.Want(db, FastRestoreReconciler.WorkKind, id, now, cancel, node.Id);
        return row;
    }
}
