using System.Collections.Concurrent;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Packing;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Packs what ingest has stored as small as it gets, while nobody wants the machine: one work row a Region
/// and node, there while something is left to pack.</summary>
/// <remarks>How far it is, <c>kiln:DescribeUsage</c> tells. docs/decisions/0015-compression-by-effort.md.</remarks>
public sealed class Recompression(
    RegionStores stores, IServiceScopeFactory scopes, ServiceOptions options, TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is <c>REGION/NODE</c>.</summary>
    public const string WorkKind = "recompress";

    // After somebody wanted the machine, or had no space for it.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FullPause = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<string, Recompressor> _recompressors = new(StringComparer.Ordinal);

    // One Region at a time: two would take each other for guests.
    private int _running;

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Has what a Region has stored packed when there is time; called with each completed
    /// snapshot.</summary>
    public static Task Want(Db db, string region, string nodeId, DateTimeOffset now, CancellationToken cancel) =>
        Work.Work.Want(db, WorkKind, $"{region}/{nodeId}", now, cancel, nodeId);

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var slash = resourceId.IndexOf('/', StringComparison.Ordinal);
        var (region, nodeId) = (resourceId[..slash], resourceId[(slash + 1)..]);
        if (options.RecompressLevel == 0 || !stores.Present.Contains(region))
            return StepResult.Done;
        if (Interlocked.Exchange(ref _running, 1) == 1)
            return StepResult.Again(Pause);
        try
        {
            return await Run(region, nodeId, db, cancel);
        }
        finally
        {
            Volatile.Write(ref _running, 0);
        }
    }

    private async Task<StepResult> Run(string region, string nodeId, Db db, CancellationToken cancel)
    {
        var store = stores.Of(region);
        var recompressor = _recompressors.GetOrAdd(region, _ => new Recompressor(store));
        var how = new RecompressionOptions
        {
            Domains = await UsableDomains(region, cancel),
            Quiet = TimeSpan.FromSeconds(options.RecompressIdleSeconds),
        };
        var report = await Task.Run(() => recompressor.Run(how, cancel), cancel);
        if (report.TrashedSegments > 0)
        {
            // What was packed anew lies in the trash, which only a collection empties.
            var now = clock.GetUtcNow();
            await Collection.Want(db, region, nodeId, now + TimeSpan.FromSeconds(options.TrashSeconds), cancel);
        }
        return report.End switch
        {
            RecompressionEnd.Done => StepResult.Done,
            RecompressionEnd.SliceOver => StepResult.Again(TimeSpan.Zero),
            RecompressionEnd.StoreFull => StepResult.Again(FullPause),
            _ => StepResult.Again(Pause),
        };
    }

    // Asked each time: the blocks of a key that was disabled since stay as they are.
    private async Task<List<KeyDomain>> UsableDomains(string region, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var keys = scope.ServiceProvider.GetRequiredService<DataKeys>();
        var domains = new List<KeyDomain>();
        foreach (var id in await db.DataKeys.Where(k => k.Region == region).Select(k => k.Id).ToListAsync(cancel))
        {
            try
            {
                domains.Add(await keys.Open(id, cancel));
            }
            catch (AwsException)
            {
                // Disabled, or pending deletion.
            }
        }
        return domains;
    }
}
