using Kiln.Blocks.Crypto;
using Kiln.Blocks.Loading;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Packing;

/// <summary>Packs sealed segments anew, as small as records get, while nothing else wants the machine.</summary>
/// <remarks>
/// The path of a record is compaction's: append the new one, sync, move the index entry, trash the old segment. An
/// address never changes, so readers, manifests and leases do not notice. A record says in its header how hard it was
/// packed, and dense ones have segments of their own: none is compressed twice. What a crash cut short goes on at the
/// next run, since of two records of one address the smaller counts. One run at a time.
/// </remarks>
public sealed class Recompressor(BlockStore store)
{
    // Segments with records that could not be packed, with the domains that were at hand: looked at again when others
    // are.
    private readonly Dictionary<uint, string> passed = [];
    private readonly Dictionary<string, KeyDomain> domains = new(StringComparer.Ordinal);
    private readonly Lock running = new();

    /// <summary>Works until its slice is over, nothing is left, or somebody wants the machine. Blocks meanwhile.
    /// </summary>
    /// <exception cref="IOException">A segment could not be read or written; what was done stays done.</exception>
    public RecompressionReport Run(RecompressionOptions options, CancellationToken cancel)
    {
        lock (running)
        {
            var report = new RecompressionReport { End = RecompressionEnd.Done };
            if (store.Options.DenseZstdLevel == 0 || store.Options.ReadOnly) return report;

            // A thread of its own, since it gives its priority away for good.
            Workers.Run(1, stop => RunHere(options, report, stop), cancel);
            (report.TotalBytes, report.DenseBytes) = store.PackedBytes;
            return report;
        }
    }

    private void RunHere(RecompressionOptions options, RecompressionReport report, CancellationToken cancel)
    {
        ThreadClaim.Lower();
        domains.Clear();
        foreach (var domain in options.Domains) domains[Convert.ToHexString(domain.Tag)] = domain;
        foreach (var gone in passed.Keys.Where(id => store.Segments.Find(id) is null).ToList()) passed.Remove(gone);
        var known = string.Join(' ', domains.Keys.Order(StringComparer.Ordinal));
        var pace = new Pace(store, options, cancel);
        var source = store.Codecs.Rent();
        var target = store.Codecs.Rent();
        try
        {
            if (!pace.MayGoOn(report)) return;
            while (NextSegment(known) is { } segment)
            {
                var left = report.LeftAlone;
                using var use = segment.Use();
                if (use is null) continue;
                if (!TryMoveOut(segment, source, target, pace, report)) return;
                store.Sync();
                if (report.LeftAlone > left || !IsEmpty(segment)) passed[segment.Id] = known;
                else if (store.TryTrashSegment(segment, store.Clock.GetUtcNow())) report.TrashedSegments++;
            }
        }
        catch (StoreFullException)
        {
            report.End = RecompressionEnd.StoreFull;
        }
        finally
        {
            store.Codecs.Return(source);
            store.Codecs.Return(target);
        }
    }

    private Segment? NextSegment(string known)
    {
        bool IsNext(Segment s) => s.Sealed && !s.IsDense && passed.GetValueOrDefault(s.Id) != known;
        if (store.Segments.All.Where(IsNext).MinBy(s => s.Id) is { } next) return next;
        return store.TrySealIngested() ? store.Segments.All.Where(IsNext).MinBy(s => s.Id) : null;
    }

    // False when it must stop before the end of the segment.
    private bool TryMoveOut(
        Segment segment, BlockCodec source, BlockCodec target, Pace pace, RecompressionReport report)
    {
        if (segment.Footer() is not { } entries)
        {
            report.LeftAlone++;
            return true;
        }

        foreach (var entry in entries)
        {
            var here = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
            if (!store.Index.TryFind(entry.Address, out var at) || at != here) continue;
            if (!pace.MayGoOn(report))
            {
                // What was moved so far need not be moved again, whatever happens now.
                store.Sync();
                return false;
            }

            if (!TryMove(segment, entry.Address, here, source, target, report)) report.LeftAlone++;
        }

        return true;
    }

    private bool TryMove(
        Segment segment, BlockAddress address, BlockLocation here, BlockCodec source, BlockCodec target,
        RecompressionReport report)
    {
        try
        {
            // One whose bytes are whole and whose content is not would come out of quarantine by it.
            if (store.Index.IsDamaged(address)
                || BlockStore.Look(source, segment, here) != RecordState.Whole) return false;
            var packed = source.Header.Effort == Effort.Dense ? source : Pack(segment, here, source, target);
            if (packed is null) return false;
            store.Append(packed, here);
            report.Records++;
            report.BytesBefore += RecordHeader.Padded(here.StoredLength);
            report.BytesAfter += packed.Header.Total;
            return true;
        }
        catch (BlockCorruptException)
        {
            return false;
        }
    }

    private BlockCodec? Pack(Segment segment, BlockLocation here, BlockCodec source, BlockCodec target)
    {
        var header = source.Header;
        KeyDomain? domain = null;
        if (header.Encrypted && !domains.TryGetValue(Convert.ToHexString(header.DomainTag), out domain)) return null;

        // Proves the old record end to end before a new one takes its place.
        source.UnpackVerified(domain, source.Plain);
        target.Pack(source.Plain[..header.PlainLength], header.Address, header.Kind, domain, Effort.Dense);
        if (target.Header.StoredLength < here.StoredLength) return target;

        // It was as small as it gets. Unpacking has decrypted it where it lay, so it is read again.
        if (BlockStore.Look(source, segment, here) != RecordState.Whole) return null;
        source.Header.MarkDense();
        return source;
    }

    private bool IsEmpty(Segment segment) => segment.Footer() is { } entries
        && entries.TrueForAll(e => !store.Index.TryFind(e.Address, out var at)
            || at.Segment != segment.Id || at.Offset != e.Offset);
}
