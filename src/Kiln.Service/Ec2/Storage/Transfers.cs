using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Service.Work;
using Microsoft.Extensions.Hosting;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The uploads, copies and loads under way in this process, by snapshot, volume or loaded copy. Stopped with
/// it, before devices close.</summary>
/// <remarks>Thread-safe. A restarted process finds the rows pending and begins again where blocks are stored.</remarks>
public sealed class Transfers(DomainClock clock) : IHostedService, IDisposable
{
    private readonly ConcurrentDictionary<string, Transfer> _running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stopping = new();

    /// <summary>Manifests of a Region that are finished and may not have reached their rows yet: not to be
    /// collected.</summary>
    public IEnumerable<ManifestId> Finished(string region) => _running.Values
        .Where(t => t.Region == region && t.Outcome.IsCompletedSuccessfully).Select(t => t.Outcome.Result.Manifest);

    /// <summary>Those that have not ended.</summary>
    public IReadOnlyList<Transfer> Running => [.. _running.Values.Where(t => !t.Outcome.IsCompleted)];

    /// <summary>The transfer of a snapshot, or null.</summary>
    public Transfer? Find(string snapshotId) => _running.GetValueOrDefault(snapshotId);

    /// <summary>Starts the transfer of a snapshot, of which there is none yet.</summary>
    /// <param name="snapshotId">The snapshot; or the volume, or the loaded copy.</param>
    /// <param name="region">The Region in which it makes a manifest; null for a load, which only reads one.</param>
    /// <param name="body">The work.</param>
    /// <param name="bytesBefore">Bytes that had travelled before this process took it up.</param>
    public Transfer Start(
        string snapshotId, string? region,
        Func<IProgress<TransferProgress>, CancellationToken, Task<TransferOutcome>> body, long bytesBefore = 0)
    {
        var transfer = new Transfer(region, body, bytesBefore, clock.Wall, _stopping.Token);
        _running[snapshotId] = transfer;
        return transfer;
    }

    /// <summary>Stops a transfer and waits until it has let go; nothing happens where there is none.</summary>
    public async Task Forget(string snapshotId)
    {
        if (!_running.TryRemove(snapshotId, out var transfer))
            return;
        await StopAndWait(transfer);
        transfer.Dispose();
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync();
        foreach (var transfer in _running.Values)
            await StopAndWait(transfer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var transfer in _running.Values)
            transfer.Dispose();
        _stopping.Dispose();
    }

    private static async Task StopAndWait(Transfer transfer)
    {
        transfer.Stop();
        // What it ends with was told, or nobody asks any more.
        await Task.WhenAny(transfer.Outcome);
    }
}
