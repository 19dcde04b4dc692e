using System.Globalization;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// What collection and checks need of the inside of the store.
public sealed partial class BlockStore
{
    private const string TrashFolder = "trash";

    private readonly List<(uint Epoch, DateTimeOffset StartedAt)> epochs = [];
    private readonly Lock trashGate = new();
    private long trashReads;

    /// <summary>Reads that found their block only in the trash: each is a root that was forgotten, and an alarm.
    /// </summary>
    public long TrashReads => Volatile.Read(ref trashReads);

    internal uint AdvanceEpoch(DateTimeOffset now)
    {
        lock (epochs)
        {
            if (epochs.Count == 0) epochs.Add((Index.Epoch, OpenedAt));
            var epoch = Index.NextEpoch();
            epochs.Add((epoch, now));
            return epoch;
        }
    }

    /// <summary>The newest epoch that began by a time: leases older than it ended before.</summary>
    internal uint EpochBefore(DateTimeOffset time)
    {
        lock (epochs)
        {
            var found = 0u;
            foreach (var (epoch, startedAt) in epochs)
            {
                if (startedAt <= time) found = epoch;
            }

            // Older ones can never be asked for again.
            epochs.RemoveAll(e => e.Epoch < found);
            return found;
        }
    }

    /// <summary>
    /// True when a manifest was committed after a time. One that an earlier process left counts from the opening, since
    /// its row may be about to be written by whoever finishes that work.
    /// </summary>
    internal bool IsYoung(ManifestId id, DateTimeOffset time) =>
        (committed.TryGetValue(id, out var at) ? at : OpenedAt) > time;

    /// <summary>Trashes a manifest unless it was committed again meanwhile.</summary>
    internal bool TryTrashManifest(ManifestId id, DateTimeOffset time, DateTimeOffset now)
    {
        lock (manifestGate)
        {
            if (IsYoung(id, time) || (committed.TryGetValue(id, out var at) && at >= now)) return false;
            committed.TryRemove(id, out _);
            Trash(ManifestFormat.NameOf(id), now);
            return true;
        }
    }

    internal IEnumerable<ManifestId> StagedParents()
    {
        foreach (var id in StagedIds)
        {
            using var journal = OpenJournal(id);
            if (journal is not null && StagingFormat.ReadHeader(journal).Parent is { } parent) yield return parent;
        }
    }

    internal void ReadStaged(Action<long, BlockAddress, byte[]> each)
    {
        foreach (var id in StagedIds)
        {
            using var journal = OpenJournal(id);
            if (journal is null) continue;
            StagingFormat.ReadEntries(journal, StagingFormat.ReadHeader(journal).VolumeBlocks, each);
        }
    }

    // Null for one that was discarded meanwhile, or whose header was never whole: nothing was acknowledged in it.
    private IBackendFile? OpenJournal(string id)
    {
        try
        {
            var journal = backend.Open(StagingFormat.NameOf(id));
            if (journal.Length >= StagingFormat.HeaderSize) return journal;
            journal.Dispose();
        }
        catch (FileNotFoundException)
        {
            // Discarded.
        }

        return null;
    }

    /// <summary>Loads a record from where a footer says it is and checks all its stored bytes.</summary>
    internal static bool TryLoadAt(BlockCodec codec, Segment segment, BlockLocation location)
    {
        var length = RecordHeader.Size + location.StoredLength;
        if (segment.File.Read(location.Offset, codec.Record[..length]) != length) return false;
        var header = codec.Header;
        if (!header.IsValidAt(location.Offset, segment.Seed) || header.StoredLength != location.StoredLength)
            return false;
        for (var frame = 0; frame < header.FrameCount; frame++)
        {
            if (!codec.StoredBytesAreIntact(frame)) return false;
        }

        return true;
    }

    /// <summary>Seals the open segments, so that every record has a footer that lists it.</summary>
    internal void SealSegments()
    {
        foreach (var appender in appenders)
        {
            lock (appender.Gate) appender.Seal();
        }
    }

    internal void Trash(string name, DateTimeOffset now)
    {
        lock (trashGate)
        {
            var file = name[(name.IndexOf('/', StringComparison.Ordinal) + 1)..];
            backend.Rename(name, string.Create(
                CultureInfo.InvariantCulture, $"{TrashFolder}/{now.ToUnixTimeMilliseconds():x12}-{file}"));
        }
    }

    internal void TrashSegment(Segment segment, DateTimeOffset now)
    {
        Trash(SegmentFormat.NameOf(segment.Id), now);
        segments.Remove(segment);
    }

    /// <summary>As <see cref="TrashSegment"/>; false when somebody else was first.</summary>
    internal bool TryTrashSegment(Segment segment, DateTimeOffset now)
    {
        lock (trashGate)
        {
            if (segments.Find(segment.Id) != segment) return false;
            TrashSegment(segment, now);
            return true;
        }
    }

    internal int PurgeTrash(DateTimeOffset before)
    {
        lock (trashGate)
        {
            var purged = 0;
            foreach (var file in backend.List(TrashFolder))
            {
                if (!long.TryParse(
                    file.AsSpan(0, Math.Min(12, file.Length)), NumberStyles.AllowHexSpecifier,
                    CultureInfo.InvariantCulture, out var at) || at > before.ToUnixTimeMilliseconds()) continue;
                backend.Delete($"{TrashFolder}/{file}");
                purged++;
            }

            return purged;
        }
    }

    // The last resort of a read: a segment in the trash that has the block goes back to work.
    private bool TryTakeFromTrash(BlockAddress address)
    {
        if (options.ReadOnly) return false;
        lock (trashGate)
        {
            if (Index.TryFind(address, out _)) return true;
            foreach (var file in backend.List(TrashFolder))
            {
                if (file.Length < 14 || !SegmentFormat.TryParseName(file[13..], out var id)) continue;
                if (!segments.TrashHolds($"{TrashFolder}/{file}", id, address)) continue;
                backend.Rename($"{TrashFolder}/{file}", SegmentFormat.NameOf(id));
                backend.SyncFolder(SegmentFormat.Folder);
                segments.Reload(id);
                Interlocked.Increment(ref trashReads);
                return true;
            }
        }

        return false;
    }
}
