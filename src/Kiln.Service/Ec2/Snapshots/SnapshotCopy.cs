using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Moves what a copy lacks from its source's store.</summary>
public sealed class SnapshotCopy(
    RegionStores stores, Transfers transfers, CopyLimits limits, IServiceScopeFactory scopes, NodeIdentity node,
    DomainClock clock)
{
    // What was asked for before this process is a copy that an earlier one may have begun.
    private readonly DateTimeOffset _startedAt = clock.GetUtcNow();

    /// <summary>Starts the copy.</summary>
    /// <returns>The transfer, or null while another copy of the same snapshot into the Region is under way: what it
    /// brings need not travel again.</returns>
    /// <exception cref="AwsException">It cannot be made: the source, or a key, is gone.</exception>
    public async Task<Transfer?> Begin(Snapshot copy, Db db, CancellationToken cancel)
    {
        var source = await db.Snapshots.AsNoTracking()
            .SingleOrDefaultAsync(s => s.Id == copy.SourceSnapshotId, cancel) ?? throw SourceGone(copy);
        if (source.NodeId != node.Id)
            throw Ec2Error.DataLost(source.Id, source.Region, $"its blocks are on the disks of {source.NodeId}.");
        if (await IsQueued(copy, db, cancel))
            return null;
        await using var scope = scopes.CreateAsyncScope();
        var keys = scope.ServiceProvider.GetRequiredService<DataKeys>();
        var fromKey = await keys.OpenOrClear(source.DataKeyId, cancel);
        var toKey = await keys.OpenOrClear(copy.DataKeyId, cancel);
        var (from, to) = (stores.Of(source.Region), stores.Of(copy.Region));
        var manifest = stores.Manifest(source.Region, source.Id, source.ManifestId!).Id;
        var earlier = source.DataKeyId == copy.DataKeyId ? null : await Earlier(copy, db, cancel);
        var (before, resumed) = (copy.TransferredBytes, copy.StartTime < _startedAt);
        var rates = limits.Of(copy.Id, source.Region, copy.Region);
        return transfers.Start(copy.Id, copy.Region, async (progress, stop) =>
        {
            try
            {
                var how = new CopyOptions
                {
                    Earlier = earlier, Limits = rates, Progress = progress, Resumed = resumed,
                };
                var result = await BlockStore.CopyAsync(manifest, from, to, fromKey, toKey, how, stop);
                return new TransferOutcome(result.Manifest, before + result.MovedBytes);
            }
            finally
            {
                limits.Forget(copy.Id);
            }
        }, before);
    }

    // As AWS does: a copy begins when the one that was asked for before it has ended.
    private static Task<bool> IsQueued(Snapshot copy, Db db, CancellationToken cancel) => db.Snapshots.AnyAsync(
        s => s.SourceSnapshotId == copy.SourceSnapshotId && s.Region == copy.Region
            && s.State == SnapshotState.Pending && s.Id != copy.Id && (s.StartTime < copy.StartTime
                || (s.StartTime == copy.StartTime && string.Compare(s.Id, copy.Id) < 0)), cancel);

    /// <summary>Refuses to go on with a copy whose source was deleted.</summary>
    /// <exception cref="AwsException">It was.</exception>
    public static async Task CheckSource(Snapshot copy, Db db, CancellationToken cancel)
    {
        if (!await db.Snapshots.AnyAsync(s => s.Id == copy.SourceSnapshotId, cancel))
            throw SourceGone(copy);
    }

    private static AwsException SourceGone(Snapshot copy) => Ec2Error.InvalidRequest(
        $"The source snapshot {copy.SourceSnapshotId} was deleted before it was copied.");

    // Under another key no block looks like its source's; what an earlier copy of the lineage has tells them apart.
    private static async Task<(ManifestId Source, ManifestId Copy)?> Earlier(
        Snapshot copy, Db db, CancellationToken cancel)
    {
        var pair = await db.Snapshots.Where(s => s.Region == copy.Region && s.AccountId == copy.AccountId
                && s.Origin == SnapshotOrigin.Copy && s.State == SnapshotState.Completed
                && s.LineageId == copy.LineageId && s.DataKeyId == copy.DataKeyId
                && s.VolumeSizeGiB <= copy.VolumeSizeGiB)
            .Join(db.Snapshots, s => s.SourceSnapshotId, s => s.Id, (done, source) => new { done, source })
            .Where(p => p.source.State == SnapshotState.Completed)
            .OrderByDescending(p => p.done.StartTime)
            .Select(p => new { Source = p.source.ManifestId, Copy = p.done.ManifestId })
            .FirstOrDefaultAsync(cancel);
        return pair is null ? null : (new ManifestId(pair.Source!), new ManifestId(pair.Copy!));
    }
}
