using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Collection;

/// <summary>
/// Mark and sweep, in stages and bounded steps. Safe beside puts, commits, reads and copies: see
/// docs/life-of-a-block.md for the argument.
/// </summary>
/// <remarks>
/// Order: the epoch advances; leases and roots are read; everything reachable is marked; what is neither marked nor
/// leased since goes. A dedup hit renews the lease under the same lock under which an entry is removed, so nothing
/// depends on how long a pass takes. Marks live in memory: between two steps a pass stands where it is, and one that a
/// stop or a failure interrupted is begun anew (what it trashed stays trashed).
/// </remarks>
public sealed class Collector
{
    private const string StateName = "collection";

    private readonly BlockStore store;
    private readonly Lock running = new();
    private IEnumerator<long>? pass;
    private BandwidthLimit? limit;
    private CollectionReport report = new();
    private CollectionState state;

    /// <summary>Reads where an earlier process was.</summary>
    public Collector(BlockStore store)
    {
        this.store = store;
        state = store.ReadState(StateName, StateJson.Default.CollectionState) ?? new CollectionState();
        if (state.Stage != CollectionStage.Idle)
            state = state with { Stage = CollectionStage.Idle, Interrupted = state.Interrupted + 1 };
    }

    /// <summary>What is under way, and what was done last.</summary>
    public CollectionState State => Volatile.Read(ref state);

    /// <summary>True between <see cref="Begin"/> and the end of the pass.</summary>
    public bool UnderWay => Volatile.Read(ref pass) is not null;

    /// <summary>Collects once, from beginning to end.</summary>
    /// <param name="roots">The manifests that rows name. Called after the epoch advanced; it must give every id that
    /// was committed to a row before the call.</param>
    /// <param name="options">How.</param>
    /// <param name="cancel">Stops between two records; what was done stays done.</param>
    /// <exception cref="IOException">A file could not be read or moved; nothing reachable was touched.</exception>
    public CollectionReport Run(
        Func<IEnumerable<ManifestId>> roots, CollectionOptions options, CancellationToken cancel)
    {
        Begin(roots, options);
        try
        {
            return Step(Timeout.InfiniteTimeSpan, cancel)!;
        }
        finally
        {
            Abandon();
        }
    }

    /// <summary>Starts a pass, which <see cref="Step"/> then moves.</summary>
    /// <param name="roots">As in <see cref="Run"/>; called by the first step.</param>
    /// <param name="options">How.</param>
    /// <exception cref="InvalidOperationException">The store is being collected already.</exception>
    public void Begin(Func<IEnumerable<ManifestId>> roots, CollectionOptions options)
    {
        lock (running)
        {
            // Two passes would each take the other's marks for its own.
            if (!store.TryEnterCollection()) throw new InvalidOperationException("A collection is under way.");
            report = new CollectionReport { DryRun = options.DryRun };
            limit = options.CompactLimit;
            pass = Pass(roots, options).GetEnumerator();
        }
    }

    /// <summary>Works for about so long.</summary>
    /// <param name="budget">After this time no further record is begun. Infinite runs to the end.</param>
    /// <param name="cancel">Stops between two records; the next step goes on there.</param>
    /// <returns>The report when the pass is through; null when there is more to do.</returns>
    /// <exception cref="IOException">A file could not be read or moved. The pass is over; begin anew.</exception>
    public CollectionReport? Step(TimeSpan budget, CancellationToken cancel)
    {
        lock (running)
        {
            var current = pass ?? throw new InvalidOperationException("No collection has begun.");
            var began = store.Clock.GetTimestamp();
            do
            {
                cancel.ThrowIfCancellationRequested();
                try
                {
                    if (!current.MoveNext()) return Finish();
                }
                catch (BlockStoreException e) when (state.Stage is CollectionStage.Roots or CollectionStage.Mark)
                {
                    report.Refused = e.Message;
                    return Finish();
                }
                catch
                {
                    Abandon();
                    throw;
                }

                limit?.Wait(current.Current, cancel);
            }
            while (budget < TimeSpan.Zero || store.Clock.GetElapsedTime(began) < budget);
            return null;
        }
    }

    /// <summary>Lets go of a pass under way; nothing happens where there is none.</summary>
    public void Abandon()
    {
        lock (running)
        {
            if (pass is null) return;
            Leave();
            Write(state with { Stage = CollectionStage.Idle, Interrupted = state.Interrupted + 1 });
        }
    }

    // What each step yields is the number of bytes that it moved, for the rate.
    private IEnumerable<long> Pass(Func<IEnumerable<ManifestId>> roots, CollectionOptions options)
    {
        var now = store.Clock.GetUtcNow();
        Write(state with { Stage = CollectionStage.Roots, StartedAt = now });
        var epoch = store.AdvanceEpoch(now);
        var leases = store.Leases.ToList();
        var cutoff = Math.Min(
            store.EpochBefore(now - options.Grace),
            leases.Select(l => l.Epoch).DefaultIfEmpty(uint.MaxValue).Min());
        store.DrainStaged();
        var live = Live(roots, leases, options, now);
        yield return 0;

        Enter(CollectionStage.Mark);
        var mark = new Mark(store, epoch, report);
        foreach (var id in live)
        {
            foreach (var _ in mark.Manifest(id)) yield return 0;
        }

        mark.Staged();
        yield return 0;

        // Manifests first, so that none is left whose blocks are gone.
        Enter(CollectionStage.SweepManifests);
        foreach (var id in store.Manifests().Where(id => !live.Contains(id)))
        {
            if (options.DryRun || store.TryTrashManifest(id, now - options.Grace, now)) report.DeadManifests++;
            yield return 0;
        }

        // Nor may one come back after a loss of power when its blocks are gone for good.
        if (!options.DryRun && report.DeadManifests > 0) store.SyncManifests();

        // What died may lie in a segment that is still being written, which only a sealed one gives back.
        Enter(CollectionStage.SweepSegments);
        if (!options.DryRun && report.DeadManifests > 0) store.TrySealSegments();
        var sweep = new Sweep(store, epoch, cutoff, options, report);
        var thin = new List<Segment>();
        foreach (var segment in sweep.Segments())
        {
            if (sweep.IsThin(segment, now)) thin.Add(segment);
            yield return 0;
        }

        foreach (var (segment, entries) in store.OpenSegments()) sweep.CountOpen(segment, entries);

        Enter(CollectionStage.Compact);
        foreach (var segment in thin)
        {
            foreach (var moved in sweep.Compact(segment, now)) yield return moved;
        }

        Enter(CollectionStage.Purge);
        foreach (var file in store.TrashFiles())
        {
            if (!options.DryRun && file.At <= now - options.TrashTime && store.TryPurge(file)) report.PurgedFiles++;
            else Count(file, options);
            yield return 0;
        }

        if (!options.DryRun) store.PurgeQuarantine(now);
    }

    private void Count(TrashFile file, CollectionOptions options)
    {
        report.TrashFiles++;
        report.TrashBytes += file.Bytes;
        if (report.PurgeAt is null || file.At + options.TrashTime < report.PurgeAt)
            report.PurgeAt = file.At + options.TrashTime;
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
        foreach (var id in store.Manifests())
        {
            if (!store.IsYoung(id, now - options.Grace) || !live.Add(id)) continue;
            report.YoungManifests++;
            var until = store.CommittedAt(id) + options.Grace;
            if (report.YoungUntil is null || until < report.YoungUntil) report.YoungUntil = until;
        }

        report.LiveManifests = live.Count;
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

    private void Enter(CollectionStage stage) => Write(state with { Stage = stage });

    private CollectionReport Finish()
    {
        Leave();
        Write(report.DryRun || report.Refused is not null
            ? state with { Stage = CollectionStage.Idle }
            : state with { Stage = CollectionStage.Idle, FinishedAt = store.Clock.GetUtcNow(), Last = report });
        return report;
    }

    private void Leave()
    {
        pass?.Dispose();
        Volatile.Write(ref pass, null);
        store.LeaveCollection();
    }

    private void Write(CollectionState next)
    {
        Volatile.Write(ref state, next);
        if (!report.DryRun) store.WriteState(StateName, next, StateJson.Default.CollectionState);
    }
}
