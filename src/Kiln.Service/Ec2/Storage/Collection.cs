using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Frees the blocks that no row needs any more: one work row a Region and node.</summary>
/// <remarks>
/// Reachable is what snapshots and volumes name, what volumes on disk stand on, what is being put or copied, and what
/// was committed a moment ago. The rest lies in the trash for <see cref="ServiceOptions.TrashSeconds"/> first.
/// </remarks>
public sealed partial class Collection(
    RegionStores stores, VolumeDevices devices, LoadedCopies copies, Transfers transfers, IServiceScopeFactory scopes,
    ServiceOptions options, NodeIdentity node, TimeProvider clock, ILogger<Collection> log) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is <c>REGION/NODE</c>.</summary>
    public const string WorkKind = "collect";

    /// <summary>What was committed within this time is spared: longer than any pause between a commit and its
    /// row.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    // Deletions come in bursts (an image and its snapshots); one collection serves them all.
    private static readonly TimeSpan Gather = TimeSpan.FromSeconds(10);

    // So that what is old enough is older than the line, not on it.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    // For what crashes left behind, which nobody deletes.
    private static readonly TimeSpan Idle = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<string, Collector> _collectors = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Has a Region collected soon; called with the deletion of a snapshot or volume.</summary>
    public static Task Want(Db db, string region, string nodeId, DateTimeOffset now, CancellationToken cancel) =>
        Work.Work.Want(db, WorkKind, $"{region}/{nodeId}", now + Gather, cancel, nodeId);

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var region = resourceId[..resourceId.IndexOf('/', StringComparison.Ordinal)];
        if (!stores.Present.Contains(region))
            return StepResult.Done;
        var store = stores.Of(region);
        var collector = _collectors.GetOrAdd(region, _ => new Collector(store));
        var how = new CollectionOptions
        {
            Grace = Grace,
            TrashTime = TimeSpan.FromSeconds(options.TrashSeconds),
            VolumesDirectory = devices.VolumesOf(region),
        };
        var started = clock.GetUtcNow();
        // Reads every page that is reachable: not on a thread that answers calls.
        var report = await Task.Run(() => collector.Run(() => Roots(region), how, cancel), cancel);
        await copies.Sweep(region, db, cancel);
        store.SweepTraces();
        if (report.Refused is { } reason)
        {
            LogRefused(region, reason);
            return StepResult.Again(Idle);
        }
        var spared = store.Manifests().Count > Roots(region).Distinct().Count();
        var moved = report.DeadManifests + report.DeletedSegments + report.CompactedSegments > 0;
        // Counted from the beginning: what the collector has put into the trash bears that time.
        var due = started + (spared || moved ? how.Grace + how.TrashTime + Margin : Idle) - clock.GetUtcNow();
        return StepResult.Again(due > TimeSpan.Zero ? due : TimeSpan.Zero);
    }

    // Asked by the collector after it has drawn its line: in a context of its own, so that it sees what is committed.
    private List<ManifestId> Roots(string region)
    {
        using var scope = scopes.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var named = db.Snapshots.AsNoTracking().Where(s => s.Region == region && s.NodeId == node.Id
                && (s.ManifestId != null || s.UploadedManifestId != null))
            .Select(s => s.ManifestId ?? s.UploadedManifestId!).ToList();
        named.AddRange(db.Volumes.AsNoTracking().Where(v => v.Region == region && v.NodeId == node.Id
                && (v.LastManifestId != null || v.BaseManifestId != null))
            .Select(v => v.LastManifestId ?? v.BaseManifestId!).ToList());
        // The parent of a snapshot that is being written may be deleted; its blocks are needed all the same.
        named.AddRange(db.Snapshots.AsNoTracking().Where(s => s.Region == region && s.NodeId == node.Id
                && s.State == SnapshotState.Pending && s.ParentManifestId != null)
            .Select(s => s.ParentManifestId!).ToList());
        return [.. named.Select(id => new ManifestId(id)), .. transfers.Finished];
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing is collected in {Region}: {Reason}")]
    private partial void LogRefused(string region, string reason);
}
