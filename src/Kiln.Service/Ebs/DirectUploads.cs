using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ebs;

/// <summary>The snapshots that clients are writing on this node, so that a put needs no database.</summary>
/// <remarks>
/// What is not in memory is opened from its row and its journal: after a restart an upload goes on where it was.
/// Closed with the process; the journals stay.
/// </remarks>
public sealed class DirectUploads(
    IServiceScopeFactory scopes, RegionStores stores, NodeIdentity node, TimeProvider clock) : IDisposable
{
    /// <summary>
    /// Puts that work at the same time. Hashing, packing and writing keep a core busy each; one more covers waits for
    /// the disk, and the rest of the connections wait without holding a thread.
    /// </summary>
    private readonly SemaphoreSlim _work = new(Environment.ProcessorCount + 1);

    private readonly SemaphoreSlim _opening = new(1);
    private readonly ConcurrentDictionary<string, DirectUpload> _open = new(StringComparer.Ordinal);

    /// <summary>Stores a block of a caller's snapshot.</summary>
    /// <exception cref="Protocol.Errors.AwsException">The snapshot does not take this block.</exception>
    internal async Task Put(
        DirectUpload upload, int index, ReadOnlyMemory<byte> block, ReadOnlyMemory<byte> sha256, int? progress,
        CancellationToken cancel)
    {
        if (clock.GetUtcNow() >= upload.Deadline)
            throw EbsError.WriteRequestTimeout(upload.SnapshotId);
        await _work.WaitAsync(cancel);
        try
        {
            upload.Put(index, block.Span, sha256.Span);
        }
        finally
        {
            _work.Release();
        }
        if (upload.Touch(clock.GetUtcNow(), progress))
            await Flush(upload, cancel);
    }

    /// <summary>The caller's snapshot that is being written, open for blocks.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Unknown, somebody else's, completed or failed.</exception>
    internal async Task<DirectUpload> Find(string accountId, string region, string snapshotId, CancellationToken cancel)
    {
        if (_open.TryGetValue(snapshotId, out var open) && open.Phase is UploadPhase.Open or UploadPhase.Closing)
        {
            if (open.Region != region)
                throw EbsError.SnapshotNotFound(snapshotId);
            if (open.AccountId != accountId)
                throw EbsError.Unauthorized(snapshotId);
            return open.Phase == UploadPhase.Open ? open
                : throw EbsError.ConflictingBlockUpdate($"The snapshot {snapshotId} is being completed.");
        }
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var row = await db.Snapshots.AsNoTracking()
            .SingleOrDefaultAsync(s => s.Id == snapshotId && s.Region == region && !s.DeleteRequested, cancel);
        CheckWritable(row, snapshotId, accountId);
        if (row!.DirectBlocks is not null)
            throw EbsError.ConflictingBlockUpdate($"The snapshot {snapshotId} is being completed.");
        var upload = await Open(row, cancel);
        if (upload.Phase == UploadPhase.Unknown)
            upload.Phase = UploadPhase.Open;
        return upload;
    }

    /// <summary>Refuses a row that is not the caller's snapshot under way on this node.</summary>
    internal void CheckWritable(Snapshot? row, string snapshotId, string accountId)
    {
        if (row is null)
            throw EbsError.SnapshotNotFound(snapshotId);
        if (row.AccountId != accountId)
            throw EbsError.Unauthorized(snapshotId);
        if (row.Origin != SnapshotOrigin.Direct)
            throw EbsError.InvalidSnapshotId($"The snapshot {snapshotId} was not started with StartSnapshot.");
        if (row.State == SnapshotState.Completed)
            throw EbsError.ConflictingBlockUpdate($"The snapshot {snapshotId} is completed; its blocks do not change.");
        if (row.State == SnapshotState.Error)
            throw EbsError.WriteRequestTimeout(snapshotId);
        if (row.NodeId != node.Id)
        {
            throw EbsError.InvalidDependency(
                $"The blocks of {snapshotId} are on the disks of {row.NodeId}. Send the request to that node.");
        }
    }

    /// <summary>Opens the staging of a row, making it where there is none yet.</summary>
    /// <exception cref="Protocol.Errors.AwsException">The key cannot be used, or the disk is full.</exception>
    internal async Task<DirectUpload> Open(Snapshot row, CancellationToken cancel)
    {
        await _opening.WaitAsync(cancel);
        try
        {
            if (_open.TryGetValue(row.Id, out var open))
                return open;
            await using var scope = scopes.CreateAsyncScope();
            var domain = await scope.ServiceProvider.GetRequiredService<DataKeys>().OpenOrClear(row.DataKeyId, cancel);
            var store = stores.Of(row.Region);
            var staged = store.OpenStaged(row.Id, _ => domain!)
                ?? store.Stage(row.Id, (long)row.VolumeSizeGiB * BlocksPerGiB, domain,
                    row.ParentManifestId is { } parent ? new ManifestId(parent) : null);
            return _open[row.Id] = new DirectUpload(row, staged);
        }
        catch (StoreFullException full)
        {
            throw EbsError.QuotaExceeded($"The disk of {row.Region} is full: {full.Message} Make room, and try again.");
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <summary>Blocks of 512 KiB in a GiB.</summary>
    internal const int BlocksPerGiB = 2048;

    /// <summary>The upload as far as it is in memory.</summary>
    internal DirectUpload? InMemory(string snapshotId) => _open.GetValueOrDefault(snapshotId);

    /// <summary>Forgets an upload that is over, and deletes its journal. Its manifest, if it was committed,
    /// stays.</summary>
    /// <param name="snapshotId">The snapshot.</param>
    /// <param name="region">Its Region; null where its row is gone.</param>
    /// <param name="cancel">Gives up waiting.</param>
    internal async Task Discard(string snapshotId, string? region, CancellationToken cancel)
    {
        await _opening.WaitAsync(cancel);
        try
        {
            if (_open.TryRemove(snapshotId, out var upload))
            {
                upload.Phase = UploadPhase.Closed;
                upload.Discard();
                return;
            }
            foreach (var present in region is null ? stores.Present : [region])
                stores.Of(present).DiscardStaged(snapshotId);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var upload in _open.Values)
            upload.Dispose();
        _open.Clear();
        _work.Dispose();
        _opening.Dispose();
    }

    private async Task Flush(DirectUpload upload, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var (deadline, progress) = (upload.Deadline, Math.Min(upload.Progress, 99));
        await db.InTransaction(() => db.Snapshots
            .Where(s => s.Id == upload.SnapshotId && s.State == SnapshotState.Pending)
            .ExecuteUpdateAsync(set => set.SetProperty(s => s.DirectDeadline, deadline)
                .SetProperty(s => s.ProgressPercent, progress), cancel), cancel, wake: false);
    }
}
