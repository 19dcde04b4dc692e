using System.Collections.Concurrent;
using Kiln.Blocks.Manifests;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ebs;

/// <summary>Finds the snapshots that a caller may read: completed ones, its own or shared with it by name.</summary>
/// <remarks>EBS User Guide, "Access the contents of an EBS snapshot": public snapshots are not served.</remarks>
public sealed class ReadableSnapshots(RegionStores stores, NodeIdentity node)
{
    /// <summary>Manifests kept open: those of the downloads under way, some hundred KiB for the largest.</summary>
    private const int ManifestsMax = 64;

    private readonly ConcurrentDictionary<(string Region, string Id), Manifest> _manifests = new();

    /// <summary>The row of a snapshot that the caller may read.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Malformed, unknown, somebody else's or not completed.</exception>
    public async Task<Snapshot> Find(Db db, Call call, string snapshotId, CancellationToken cancel)
    {
        DirectNames.CheckSnapshotId(snapshotId);
        var (region, account) = (call.Region, call.AccountId);
        var row = await db.Snapshots.AsNoTracking()
            .SingleOrDefaultAsync(s => s.Id == snapshotId && s.Region == region && !s.DeleteRequested, cancel)
            ?? throw EbsError.SnapshotNotFound(snapshotId);
        if (row.AccountId != account && !await db.CreateVolumePermissions.AnyAsync(p => p.SnapshotId == snapshotId
            && p.Kind == CreateVolumePermission.UserId && p.Value == account, cancel))
            throw EbsError.Unauthorized(snapshotId);
        if (row.State != SnapshotState.Completed)
            throw EbsError.InvalidSnapshotId($"The snapshot {snapshotId} is not completed.");
        if (row.NodeId != node.Id)
        {
            throw EbsError.InvalidDependency(
                $"The blocks of {snapshotId} are on the disks of {row.NodeId}. Send the request to that node.");
        }
        return row;
    }

    /// <summary>The manifest of a completed snapshot.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Unavailable (503): it is lost or damaged.</exception>
    public Manifest ManifestOf(Snapshot row)
    {
        var key = (row.Region, row.ManifestId!);
        if (_manifests.TryGetValue(key, out var open))
            return open;
        if (_manifests.Count >= ManifestsMax)
            _manifests.Clear();
        return _manifests[key] = stores.Manifest(row.Region, row.Id, row.ManifestId!);
    }
}
