using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>
/// Who may see a snapshot and make volumes of it: its owner, accounts it is shared with, everybody if public.
/// </summary>
/// <remarks>
/// Under <c>block-all-sharing</c> of its owner a public snapshot counts as private, though its attributes go on
/// saying public. Amazon EBS User Guide "Share a snapshot", "Block public access for snapshots".
/// </remarks>
public static class SnapshotAccess
{
    /// <summary>The setting under which public snapshots count as private.</summary>
    public const string BlockAllSharing = "block-all-sharing";

    /// <summary>Narrows a query to what an account may see: its own, those shared with it, public ones.</summary>
    public static IQueryable<Snapshot> Visible(IQueryable<Snapshot> snapshots, Db db, string accountId)
    {
        var shared = SharedWith(db, accountId);
        var blocked = Blocked(db);
        return snapshots.Where(s => s.AccountId == accountId || shared.Contains(s.Id)
            || (s.IsPublic && !blocked.Any(b => b.AccountId == s.AccountId && b.Region == s.Region)));
    }

    /// <summary>Public snapshots in effect.</summary>
    public static IQueryable<Snapshot> Public(IQueryable<Snapshot> snapshots, Db db)
    {
        var blocked = Blocked(db);
        return snapshots.Where(s => s.IsPublic
            && !blocked.Any(b => b.AccountId == s.AccountId && b.Region == s.Region));
    }

    /// <summary>The ids of snapshots shared with an account by name.</summary>
    public static IQueryable<string> SharedWith(Db db, string accountId) => db.CreateVolumePermissions
        .Where(p => p.Kind == CreateVolumePermission.UserId && p.Value == accountId).Select(p => p.SnapshotId);

    /// <summary>The snapshots that a mapping names: each must be the caller's to read. Whether they can be used is
    /// asked of <see cref="CheckCompleted"/>, once the caller may.</summary>
    /// <exception cref="AwsException">InvalidSnapshotID.Malformed, InvalidSnapshot.NotFound.</exception>
    public static async Task<Dictionary<string, Snapshot>> Found(
        Db db, IReadOnlyList<string> ids, string region, string accountId, CancellationToken cancel)
    {
        foreach (var id in ids)
            CheckId(id);
        var found = ids.Count == 0 ? [] : await Visible(db.Snapshots, db, accountId)
            .Where(s => s.Region == region && EF.Parameter(ids).Contains(s.Id))
            .ToDictionaryAsync(s => s.Id, StringComparer.Ordinal, cancel);
        return ids.FirstOrDefault(id => !found.ContainsKey(id)) is { } absent
            ? throw Ec2Error.InvalidSnapshotNotFound(absent) : found;
    }

    /// <summary>Refuses snapshots that cannot be read now.</summary>
    /// <exception cref="AwsException">IncorrectState.</exception>
    public static void CheckCompleted(params IEnumerable<Snapshot> snapshots)
    {
        if (snapshots.FirstOrDefault(s => s.State != SnapshotState.Completed) is { } wrong)
            throw Ec2Error.IncorrectSnapshotState(wrong.Id, wrong.State.ToString().ToLowerInvariant(), "completed");
    }

    /// <summary>The snapshot that its owner wants to change, tracked.</summary>
    /// <exception cref="AwsException">InvalidSnapshotID.Malformed, InvalidSnapshot.NotFound; AuthFailure: somebody
    /// else's that the caller may see.</exception>
    public static async Task<Snapshot> Owned(
        Db db, string snapshotId, Call call, CancellationToken cancel, bool withPermissions = false)
    {
        CheckId(snapshotId);
        var snapshots = withPermissions ? db.Snapshots.Include(s => s.Permissions) : db.Snapshots.AsQueryable();
        var snapshot = await snapshots
            .SingleOrDefaultAsync(s => s.Id == snapshotId && s.Region == call.Region && !s.DeleteRequested, cancel)
            ?? throw Ec2Error.InvalidSnapshotNotFound(snapshotId);
        if (snapshot.AccountId == call.AccountId)
            return snapshot;
        throw await Visible(db.Snapshots, db, call.AccountId).AnyAsync(s => s.Id == snapshotId, cancel)
            ? Ec2Error.AuthFailure("snapshot", snapshotId)
            : Ec2Error.InvalidSnapshotNotFound(snapshotId);
    }

    /// <summary>Refuses what cannot be a snapshot id.</summary>
    /// <exception cref="AwsException">InvalidSnapshotID.Malformed.</exception>
    public static void CheckId(string snapshotId)
    {
        if (!Ids.IsWellFormed("snap", snapshotId))
            throw Ec2Error.InvalidSnapshotIdMalformed(Ec2Error.Short(snapshotId));
    }

    private static IQueryable<RegionSettings> Blocked(Db db) =>
        db.RegionSettings.Where(r => r.SnapshotBlockPublicAccess == BlockAllSharing);
}
