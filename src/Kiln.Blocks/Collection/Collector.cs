using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Collection;

/// <summary>
/// Mark and sweep. Safe beside puts, commits, reads and copies: see docs/life-of-a-block.md for the argument.
/// </summary>
/// <remarks>
/// Order: the epoch advances; leases and roots are read; everything reachable is marked; what is neither marked nor
/// leased since goes. A dedup hit renews the lease under the same lock under which an entry is removed.
/// </remarks>
public sealed class Collector(BlockStore store)
{
    private readonly Lock running = new();

    /// <summary>Collects once.</summary>
    /// <param name="roots">The manifests that rows name. Called after the epoch advanced; it must give every id that
    /// was committed to a row before the call.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops between segments; what was done stays done.</param>
    /// <exception cref="IOException">A file could not be read or moved; nothing reachable was touched.</exception>
    public CollectionReport Run(
        Func<IEnumerable<ManifestId>> roots, CollectionOptions options, CancellationToken cancel)
    {
        lock (running)
        {
            var report = new CollectionReport();
            var now = store.Clock.GetUtcNow();
            var epoch = store.AdvanceEpoch(now);
            var leases = store.Leases.ToList();
            var cutoff = Math.Min(
                store.EpochBefore(now - options.Grace),
                leases.Select(l => l.Epoch).DefaultIfEmpty(uint.MaxValue).Min());
            store.DrainStaged();

            // Mark.
            var manifests = Live(roots, leases, options, now);
            try
            {
                var mark = new Mark(store, epoch, report);
                foreach (var id in manifests)
                {
                    cancel.ThrowIfCancellationRequested();
                    mark.Manifest(id);
                }

                mark.Staged();
            }
            catch (BlockStoreException e)
            {
                report.Refused = e.Message;
                return report;
            }

            // Sweep: manifests first, so that none is left whose blocks are gone.
            foreach (var id in store.Manifests().Where(id => !manifests.Contains(id)))
            {
                if (options.DryRun || store.TryTrashManifest(id, now - options.Grace, now)) report.DeadManifests++;
            }

            report.LiveManifests = manifests.Count;

            // Nor may one come back after a loss of power when its blocks are gone for good.
            if (!options.DryRun && report.DeadManifests > 0) store.SyncManifests();

            // What died may lie in a segment that is still being written, which only a sealed one gives back.
            if (!options.DryRun && report.DeadManifests > 0) store.SealSegments();
            new Sweep(store, epoch, cutoff, options, report).Run(now, cancel);
            if (!options.DryRun) report.PurgedFiles = store.PurgeTrash(now - options.TrashTime);
            return report;
        }
    }

    private HashSet<ManifestId> Live(
        Func<IEnumerable<ManifestId>> roots, List<BlockLease> leases, CollectionOptions options, DateTimeOffset now)
    {
        // The bases of closed volumes are read first: one that is opened and rebased after shows up as a pin.
        var live = new HashSet<ManifestId>(VolumeBases(options.VolumesDirectory));
        live.UnionWith(roots());
        live.UnionWith(store.Pins);
        foreach (var lease in leases) live.UnionWith(lease.Held);
        live.UnionWith(store.StagedParents());
        live.UnionWith(store.Manifests().Where(id => store.IsYoung(id, now - options.Grace)));
        return live;
    }

    private static IEnumerable<ManifestId> VolumeBases(string? directory)
    {
        if (directory is null || !Directory.Exists(directory)) yield break;
        foreach (var folder in Directory.EnumerateDirectories(directory))
        {
            if (VolumeDevice.BaseOf(folder) is { } id) yield return id;
        }
    }
}
