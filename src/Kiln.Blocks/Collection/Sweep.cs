using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Collection;

/// <summary>Deletes sealed segments without live records, and moves the live ones out of thin segments.</summary>
internal sealed class Sweep(
    BlockStore store, uint epoch, uint cutoff, CollectionOptions options, CollectionReport report)
{
    // So many tiny segments (each start after a crash leaves some) are worth joining although nothing in them is dead.
    private const int TinySegmentsMax = 16;

    internal void Run(DateTimeOffset now, CancellationToken cancel)
    {
        var sealedOnes = store.Segments.All.Where(s => s.Sealed).OrderBy(s => s.Id).ToList();
        var tiny = sealedOnes.Count(IsTiny);
        foreach (var segment in sealedOnes)
        {
            cancel.ThrowIfCancellationRequested();
            var entries = new List<SegmentEntry>();

            // A footer that cannot be read belongs to a scrub, not to a sweep.
            if (!Recovery.TryReadFooter(segment.File, segment.Seed, entries)) continue;
            var live = entries.Where(e => !IsDead(segment, e)).ToList();
            long liveBytes = live.Sum(e => (long)RecordHeader.Padded(e.StoredLength));
            long allBytes = segment.File.Length;
            report.LiveRecords += live.Count;
            report.DeadRecords += entries.Count - live.Count;
            report.DeadBytes += entries.Sum(e => (long)RecordHeader.Padded(e.StoredLength)) - liveBytes;
            if (options.DryRun) continue;
            var thin = liveBytes < allBytes * options.CompactBelow || (tiny > TinySegmentsMax && IsTiny(segment));
            if (live.Count > 0 && (!thin || !TryMoveOut(segment, live))) continue;
            if (!TryEmpty(segment, entries)) continue;
            store.TrashSegment(segment, now);
            report.DeletedSegments++;
            if (live.Count > 0) report.CompactedSegments++;
        }
    }

    private bool IsTiny(Segment segment) => segment.File.Length < store.Options.SegmentBytes / 8;

    // Dead: nobody looks for it here any more, or nobody reaches it and its lease is over.
    private bool IsDead(Segment segment, SegmentEntry entry) =>
        !store.Index.TryFind(entry.Address, out var at) || at.Segment != segment.Id || at.Offset != entry.Offset
        || store.Index.IsDead(entry.Address, segment.Id, entry.Offset, epoch, cutoff);

    private bool TryMoveOut(Segment segment, List<SegmentEntry> live)
    {
        var codec = store.Codecs.Rent();
        try
        {
            foreach (var entry in live)
            {
                var from = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
                if (!BlockStore.TryLoadAt(codec, segment, from)) return false;
                store.Index.TryMove(entry.Address, from, store.Append(codec));
            }
        }
        finally
        {
            store.Codecs.Return(codec);
        }

        // The copies are durable before the originals go.
        store.Sync();
        return true;
    }

    // One entry that a put has renewed meanwhile keeps the whole segment.
    private bool TryEmpty(Segment segment, List<SegmentEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (!store.Index.TryFind(entry.Address, out var at)
                || at.Segment != segment.Id || at.Offset != entry.Offset) continue;
            if (!store.Index.TryRemove(entry.Address, segment.Id, entry.Offset, epoch, cutoff)) return false;
        }

        return true;
    }
}
