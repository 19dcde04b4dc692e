using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Collection;

/// <summary>Reads everything and says what is not as it was written; repairs where there is another copy.</summary>
/// <remarks>
/// Three checks for three purposes: the hash of the stored bytes needs no key, the GCM tag proves that nobody changed
/// them, and SHA-256 of the plain bytes covers everything between the first put and now. A pass goes in bounded steps
/// and stands, also across a restart, where the last step left it. Safe beside everything else.
/// </remarks>
public sealed class Scrub
{
    private const string StateName = "scrub";

    private readonly BlockStore store;
    private readonly Lock running = new();
    private readonly HashSet<BlockAddress> pages = [];
    private CheckOptions options = new();
    private CheckReport report = new();
    private Repair repair;
    private IEnumerator<long>? pass;
    private ScrubState state;

    /// <summary>Reads where an earlier process was.</summary>
    public Scrub(BlockStore store)
    {
        this.store = store;
        repair = new Repair(store, options);
        state = store.ReadState(StateName, StateJson.Default.ScrubState)
            ?? new ScrubState { FirstSeenAt = store.Clock.GetUtcNow() };
        report = CheckReport.Resumed(state);
    }

    /// <summary>How far it is, and what the last pass found.</summary>
    public ScrubState State => Volatile.Read(ref state);

    /// <summary>Checks once, from beginning to end.</summary>
    public CheckReport Run(CheckOptions how, CancellationToken cancel)
    {
        Begin();
        return Step(how, Timeout.InfiniteTimeSpan, long.MaxValue, cancel)!;
    }

    /// <summary>Starts a pass from the beginning; <see cref="Step"/> goes on with it.</summary>
    public void Begin()
    {
        lock (running)
        {
            store.TrySealSegments();
            var segments = store.Segments.InUse().Where(s => s.Sealed).Select(s => (s.Id, s.File.Length)).ToList();
            report = new CheckReport { StartedAt = store.Clock.GetUtcNow() };
            pass = null;
            pages.Clear();
            Volatile.Write(ref state, new ScrubState
            {
                FirstSeenAt = state.FirstSeenAt, FinishedAt = state.FinishedAt, Phase = ScrubPhase.Segments,
                StartedAt = report.StartedAt, LastSegment = segments.Select(s => s.Id).DefaultIfEmpty().Max(),
                BytesTotal = segments.Sum(s => s.Length),
            });
        }
    }

    /// <summary>Goes on with the pass under way for about so long.</summary>
    /// <param name="how">How.</param>
    /// <param name="budget">After this time no further record is begun. Infinite runs to the end.</param>
    /// <param name="bytesMax">After so many bytes neither.</param>
    /// <param name="cancel">Stops between two records; the next step goes on there.</param>
    /// <returns>The report when the pass is through; null when there is more to do.</returns>
    public CheckReport? Step(CheckOptions how, TimeSpan budget, long bytesMax, CancellationToken cancel)
    {
        lock (running)
        {
            if (state.Phase == ScrubPhase.Idle) throw new InvalidOperationException("No pass has begun.");
            options = how;
            repair = new Repair(store, how);
            repair.FindKeys();
            pass ??= Pass().GetEnumerator();
            var began = store.Clock.GetTimestamp();
            long bytes = 0;
            try
            {
                do
                {
                    cancel.ThrowIfCancellationRequested();
                    if (!pass.MoveNext()) return Finish();
                    bytes += pass.Current;
                    how.Limit?.Wait(pass.Current, cancel);
                }
                while (bytes < bytesMax
                    && (budget < TimeSpan.Zero || store.Clock.GetElapsedTime(began) < budget));
                return null;
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                // The position is in the state; the next step begins there.
                pass = null;
                throw;
            }
            finally
            {
                Save();
            }
        }
    }

    // Yields bytes that were read.
    private IEnumerable<long> Pass()
    {
        if (state.Phase == ScrubPhase.Segments)
        {
            var (from, skip) = (state.Segment, state.Offset);
            var segments = store.Segments.All
                .Where(s => s.Sealed && s.Id >= from && s.Id <= state.LastSegment).OrderBy(s => s.Id).ToList();
            foreach (var segment in segments)
            {
                report.Segments++;
                foreach (var read in CheckSegment(segment, segment.Id == from ? skip : 0)) yield return read;
                options.Progress?.Report(new TransferProgress(report.BytesRead, state.BytesTotal));
            }

            Volatile.Write(ref state, state with { Phase = ScrubPhase.Manifests });
        }

        var roots = options.Roots?.Invoke() ?? [];
        var last = state.Manifest;
        foreach (var id in store.Manifests().Union(roots).Order().ToList())
        {
            if (string.CompareOrdinal(id.ToString(), last) <= 0) continue;
            foreach (var read in CheckManifest(id)) yield return read;
            report.Manifests++;
            Volatile.Write(ref state, state with { Manifest = id.ToString() });
        }

        CheckUnreadable();
    }

    private IEnumerable<long> CheckSegment(Segment segment, uint skip)
    {
        var name = SegmentFormat.NameOf(segment.Id);
        var entries = new List<SegmentEntry>();
        if (!TryFindEntries(segment, entries, out var mended))
        {
            report.Add(new CheckProblem(CheckProblemKind.SegmentUnreadable, name, null, mended));
        }

        foreach (var entry in entries.Where(e => e.Offset >= skip))
        {
            report.Records++;
            var bytes = RecordHeader.Size + entry.StoredLength;
            if (options.ReadData)
            {
                report.BytesRead += bytes;
                CheckRecord(segment, entry);
            }

            Volatile.Write(ref state, state with { Segment = segment.Id, Offset = entry.Offset + 1 });
            yield return bytes;
        }
    }

    // The index knows the records without a footer; a damaged one is written again from it, behind all that is there. A
    // walk would leave out what it happens to misread.
    private bool TryFindEntries(Segment segment, List<SegmentEntry> entries, out bool mended)
    {
        mended = false;
        using var use = segment.Use();
        if (use is null) return true;
        if (segment.Footer() is { } listed)
        {
            entries.AddRange(listed);
            return true;
        }

        entries.AddRange(store.Index.In(segment.Id));
        if (!options.Quarantine || store.Options.ReadOnly) return false;
        try
        {
            var end = (segment.File.Length + SegmentFormat.Page - 1) & -SegmentFormat.Page;
            Recovery.Seal(segment.File, segment.Seed, entries, end);
            mended = segment.Footer() is not null;
        }
        catch (IOException)
        {
            // The next pass tries again.
        }

        return false;
    }

    private void CheckRecord(Segment segment, SegmentEntry entry)
    {
        if (repair.Examine(segment, entry, out var verified) is not { } kind)
        {
            if (verified) report.ContentVerified++;
            return;
        }

        // A damaged copy of what the index has elsewhere is only dead weight.
        var current = store.Index.TryFind(entry.Address, out var at)
            && at.Segment == segment.Id && at.Offset == entry.Offset;
        if (current && options.Quarantine) store.Quarantine(segment, entry);
        var repaired = !current || (options.Quarantine && repair.TryBlock(entry.Address));
        report.Add(new CheckProblem(
            kind, $"{SegmentFormat.NameOf(segment.Id)}+{entry.Offset}", entry.Address.ToString(), repaired));
    }

    private IEnumerable<long> CheckManifest(ManifestId id)
    {
        if (Open(id) is not { } manifest) yield break;
        foreach (var reference in manifest.Pages)
        {
            // Manifests of one lineage share most of their pages.
            if (!pages.Add(reference.Address) || ReadPage(reference.Address, id) is not { } page) continue;
            for (var slot = page.Next(0); slot < ManifestPage.References; slot = page.Next(slot + 1))
            {
                page.TryGet(slot, out var address);
                if (!store.Contains(address)) Fetch(address, id);
            }

            yield return page.Count * BlockAddress.Size;
        }
    }

    private Manifest? Open(ManifestId id)
    {
        var kind = CheckProblemKind.ManifestDamaged;
        try
        {
            return store.PeekManifest(id);
        }
        catch (ManifestMissingException)
        {
            // Collected while we walked, unless a row still wants it.
            if (options.Roots is not { } roots || !roots().Contains(id)) return null;
            kind = CheckProblemKind.ManifestMissing;
        }
        catch (IOException)
        {
            // Does not hash to its name, or the disk does not give it back.
        }

        var repaired = options.Quarantine && repair.TryManifest(id);
        report.Add(new CheckProblem(kind, id.ToString(), null, repaired));
        return repaired ? store.PeekManifest(id) : null;
    }

    private ManifestPage? ReadPage(BlockAddress address, ManifestId id)
    {
        try
        {
            return !store.Contains(address) && !Fetch(address, id) ? null : store.ReadPage(address);
        }
        catch (BlockStoreException)
        {
            // Its record was reported, unless stored bytes are not read in this check.
            if (!options.ReadData)
                report.Add(new CheckProblem(CheckProblemKind.RecordDamaged, id.ToString(), address.ToString(), false));
            return null;
        }
    }

    private bool Fetch(BlockAddress address, ManifestId id)
    {
        var repaired = options.Quarantine && repair.TryBlock(address);
        report.Add(new CheckProblem(
            CheckProblemKind.RecordMissing, id.ToString(), address.ToString(), repaired));
        return repaired;
    }

    // A file that cannot be read as a segment goes aside once nothing is missing without it.
    private void CheckUnreadable()
    {
        var whole = report.IsHealthy;
        foreach (var name in store.Recovered.UnreadableSegments.ToList())
        {
            var aside = whole && options.Quarantine && !store.Options.ReadOnly;
            if (aside)
            {
                store.QuarantineFile(name);
                store.Recovered.UnreadableSegments.Remove(name);
            }

            report.Add(new CheckProblem(CheckProblemKind.SegmentUnreadable, name, null, aside));
        }
    }

    private CheckReport Finish()
    {
        pass = null;
        pages.Clear();
        Volatile.Write(ref state, Counted() with
        {
            Phase = ScrubPhase.Idle, FinishedAt = store.Clock.GetUtcNow(), Segment = 0, Offset = 0, Manifest = null,
        });
        return report;
    }

    private void Save()
    {
        store.SaveQuarantine();
        Volatile.Write(ref state, Counted());
        store.WriteState(StateName, State, StateJson.Default.ScrubState);
    }

    private ScrubState Counted() => state with
    {
        BytesRead = report.BytesRead, Records = report.Records, Manifests = report.Manifests,
        ProblemCount = report.ProblemCount, RepairedCount = report.RepairedCount,
        Problems = [.. report.Problems.Take(ScrubState.ProblemsMax)],
    };
}
