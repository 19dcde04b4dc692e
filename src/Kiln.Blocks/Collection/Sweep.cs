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
        tiny = store.Segments.InUse().Count(s => s.Sealed && IsTiny(s));
        return [.. store.Segments.All.Where(s => s.Sealed).OrderBy(s => s.Id)];
    }

    /// <summary>Counts a segment; trashes it when nothing in it lives. True when it should be compacted.</summary>
    internal bool IsThin(Segment segment, DateTimeOffset now)
    {
        using var use = segment.Use();
        if (use is null || segment.Footer() is not { } entries) return false;
        var length = segment.File.Length;
        var (live, liveBytes) = Count(segment, entries);
        if (live == 0)
        {
            if (options.DryRun) Freed(length);
            else TryTrash(segment, entries, length, now);
            return false;
        }

        // What is set aside has nothing beside it that could be freed.
        if (live == entries.Count && entries.TrueForAll(e => store.Index.IsDamaged(e.Address))) return false;
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

    /// <summary>Moves what lives out of a segment, a record at a time, sets what is damaged aside, and trashes the
    /// rest. Yields moved bytes.</summary>
    internal IEnumerable<long> Compact(Segment segment, DateTimeOffset now)
    {
        using var use = segment.Use();
        if (use is null || options.DryRun || report.NoRoomToCompact || segment.Footer() is not { } entries)
            yield break;
        var length = segment.File.Length;
        var live = entries.Where(e => !IsDead(segment, e)).ToList();
        long moved = 0;
        var damaged = new List<SegmentEntry>();
        foreach (var entry in live)
        {
            if (!TryMoveOut(segment, entry, damaged)) yield break;
            moved += RecordHeader.Padded(entry.StoredLength);
            yield return RecordHeader.Padded(entry.StoredLength);
        }

        report.MovedBytes += moved;
        if (damaged.Count > 0)
        {
            if (!store.TrySetAside(segment, damaged)) yield break;
            report.SetAsideRecords += damaged.Count;
        }

        if (TryTrash(segment, entries, length - moved, now)) report.CompactedSegments++;
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

    private bool IsTiny(Segment segment) => segment.File.Length < store.Options.SegmentBytes / 8;

    // Dead: nobody looks for it here any more, or nobody reaches it and its lease is over.
    private bool IsDead(Segment segment, SegmentEntry entry) =>
        !store.Index.TryFind(entry.Address, out var at) || at.Segment != segment.Id || at.Offset != entry.Offset
        || store.Index.IsDead(entry.Address, segment.Id, entry.Offset, epoch, cutoff);

    // False when it, and with it its segment, has to stay.
    private bool TryMoveOut(Segment segment, SegmentEntry entry, List<SegmentEntry> damaged)
    {
        var codec = store.Codecs.Rent();
        try
        {
            var from = new BlockLocation(segment.Id, entry.Offset, entry.StoredLength);
            switch (BlockStore.Look(codec, segment, from))
            {
                // What the disk does not give now it may give at the next pass: the others need not wait for that.
                case RecordState.Unreadable:
                    return false;
                case RecordState.Damaged:
                    store.Quarantine(segment, entry);
                    damaged.Add(entry);
                    return true;
                // Whole bytes of wrong content.
                case RecordState.Whole when store.Index.IsDamaged(entry.Address):
                    damaged.Add(entry);
                    return true;
                default:
                    store.Append(codec, from);
                    return true;
            }
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

    // The copies are durable before the originals go: those of this pass, and of an earlier one that could not sync.
    // What is only dead needs no sync, for which a full disk may have no room.
    private bool AreCopiesDurable(Segment segment, List<SegmentEntry> entries)
    {
        if (entries.TrueForAll(e => !store.Index.TryFind(e.Address, out var at)
            || at.Segment == segment.Id || store.Segments.Find(at.Segment) is { Sealed: true })) return true;
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
        if (!AreCopiesDurable(segment, entries) || !TryEmpty(segment, entries)
            || !store.TryTrashSegment(segment, now)) return false;
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
