using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Collection;

/// <summary>Deletes sealed segments without live records, and moves the live ones out of thin segments.</summary>
internal sealed class Sweep(
    BlockStore store, uint epoch, uint cutoff, CollectionOptions options, CollectionReport report)
{
    // So many tiny segments (each start after a crash leaves some) are worth joining although nothing in them is dead.
    private const int TinySegmentsMax = 16;

    private int tiny;

    /// <summary>The segments to look at, the oldest first.</summary>
    internal IReadOnlyList<Segment> Segments()
    {
        var found = store.Segments.All.Where(s => s.Sealed).OrderBy(s => s.Id).ToList();
        tiny = found.Count(IsTiny);
        return found;
    }

    /// <summary>Counts a segment; trashes it when nothing in it lives. True when it should be compacted.</summary>
    internal bool IsThin(Segment segment, DateTimeOffset now)
    {
        var entries = new List<SegmentEntry>();

        if (!TryReadFooter(segment, entries, out var length)) return false;
        var (live, liveBytes) = Count(segment, entries);
        if (live == 0)
        {
            if (options.DryRun) Freed(length);
            else TryTrash(segment, entries, length, now);
            return false;
        }

        var thin = liveBytes < length * options.CompactBelow || (tiny > TinySegmentsMax && IsTiny(segment));
        if (!thin) return false;
        report.ThinSegments++;
        if (options.DryRun) Freed(length - liveBytes);
        return true;
    }

    /// <summary>Counts a segment that is being written. Of a dry run that finds dead manifests it counts as sealed,
    /// as the collection itself would seal it.</summary>
    internal void CountOpen(Segment segment, List<SegmentEntry> entries)
    {
        var (live, liveBytes) = Count(segment, entries);
        var length = entries.Sum(e => (long)RecordHeader.Padded(e.StoredLength));
        if (!options.DryRun || report.DeadManifests == 0 || liveBytes >= length * options.CompactBelow) return;
        if (live > 0) report.ThinSegments++;
        report.DeletedSegments++;
        report.FreedBytes += length - liveBytes;
    }

    /// <summary>Moves what lives out of a segment, a record at a time, and trashes the rest. Yields moved bytes.
    /// </summary>
    internal IEnumerable<long> Compact(Segment segment, DateTimeOffset now)
    {
        var entries = new List<SegmentEntry>();
        if (options.DryRun || report.NoRoomToCompact || !TryReadFooter(segment, entries, out var length)) yield break;
        var live = entries.Where(e => !IsDead(segment, e)).ToList();
        long moved = 0;
        foreach (var entry in live)
        {
            if (!TryMoveOut(segment, entry)) yield break;
            moved += RecordHeader.Padded(entry.StoredLength);
            yield return RecordHeader.Padded(entry.StoredLength);
        }

        report.MovedBytes += moved;
        if (!TrySync() || !TryTrash(segment, entries, length - moved, now)) yield break;
        report.CompactedSegments++;
    }

    private (long Live, long LiveBytes) Count(Segment segment, List<SegmentEntry> entries)
    {
        long live = 0, liveBytes = 0, bytes = 0;
        foreach (var entry in entries)
        {
            var padded = RecordHeader.Padded(entry.StoredLength);
            bytes += padded;
            if (IsDead(segment, entry)) continue;
            live++;
            liveBytes += padded;
        }

        report.LiveRecords += live;
        report.LiveBytes += liveBytes;
        report.DeadRecords += entries.Count - live;
        report.DeadBytes += bytes - liveBytes;
        return (live, liveBytes);
    }

    // A footer that cannot be read belongs to a scrub, not to a sweep; and recompression may have emptied and trashed
    // the segment meanwhile.
    private static bool TryReadFooter(Segment segment, List<SegmentEntry> entries, out long length)
    {
        length = 0;
        try
        {
            length = segment.File.Length;
            return Recovery.TryReadFooter(segment.File, segment.Seed, entries);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    private bool IsTiny(Segment segment)
    {
        try
        {
            return segment.File.Length < store.Options.SegmentBytes / 8;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    // Dead: nobody looks for it here any more, or nobody reaches it and its lease is over.
    private bool IsDead(Segment segment, SegmentEntry entry) =>
        !store.Index.TryFind(entry.Address, out var at) || at.Segment != segment.Id || at.Offset != entry.Offset
        || store.Index.IsDead(entry.Address, segment.Id, entry.Offset, epoch, cutoff);

    private bool TryMoveOut(Segment segment, SegmentEntry entry)
    {
        var codec = store.Codecs.Rent();
        try
        {
            var from = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
            if (store.Index.IsDamaged(entry.Address) || !BlockStore.TryLoadAt(codec, segment, from)) return false;
            store.Index.TryMove(entry.Address, from, store.Append(codec));
            return true;
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
        catch (StoreFullException)
        {
            report.NoRoomToCompact = true;
            return false;
        }
        finally
        {
            store.Codecs.Return(codec);
        }
    }

    // The copies are durable before the originals go.
    private bool TrySync()
    {
        try
        {
            store.Sync();
            return true;
        }
        catch (StoreFullException)
        {
            report.NoRoomToCompact = true;
            return false;
        }
    }

    private bool TryTrash(Segment segment, List<SegmentEntry> entries, long freed, DateTimeOffset now)
    {
        if (!TryEmpty(segment, entries) || !store.TryTrashSegment(segment, now)) return false;
        Freed(freed);
        return true;
    }

    private void Freed(long bytes)
    {
        report.DeletedSegments++;
        report.FreedBytes += bytes;
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
