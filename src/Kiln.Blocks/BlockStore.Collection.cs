using System.Collections.Concurrent;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// What collection and checks need of the inside of the store.
public sealed partial class BlockStore
{
    private readonly List<(uint Epoch, DateTimeOffset StartedAt)> epochs = [];
    private readonly ConcurrentDictionary<ManifestId, string?> domainIds = new();
    private int collecting;

    /// <summary>True for one caller at a time: the marks of two passes would mix.</summary>
    internal bool TryEnterCollection() => Interlocked.Exchange(ref collecting, 1) == 0;

    internal void LeaveCollection() => Volatile.Write(ref collecting, 0);

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
    internal bool IsYoung(ManifestId id, DateTimeOffset time) => CommittedAt(id) > time;

    internal DateTimeOffset CommittedAt(ManifestId id) => committed.TryGetValue(id, out var at) ? at : OpenedAt;

    /// <summary>Trashes a manifest unless it was committed again meanwhile.</summary>
    internal bool TryTrashManifest(ManifestId id, DateTimeOffset time, DateTimeOffset now)
    {
        lock (manifestGate)
        {
            if (IsYoung(id, time) || (committed.TryGetValue(id, out var at) && at >= now)) return false;
            committed.TryRemove(id, out _);
            domainIds.TryRemove(id, out _);
            Trash(ManifestFormat.NameOf(id), now);
            return true;
        }
    }

    /// <summary>The key domains that its manifests name. A manifest that was read before is not read again: its name
    /// stands for all of it.</summary>
    internal IEnumerable<string> DomainIds()
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (var id in Manifests())
        {
            try
            {
                if (domainIds.GetOrAdd(id, m => PeekManifest(m).DomainId) is { } domain) found.Add(domain);
            }
            catch (IOException)
            {
                // Reported when its turn comes.
            }
        }

        return found;
    }

    /// <summary>Makes durable which manifests there are.</summary>
    internal void SyncManifests()
    {
        backend.SyncFolder(ManifestFormat.Folder);
        backend.SyncFolder(TrashFolder);
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

    // Null for one that was discarded meanwhile.
    private IBackendFile? OpenJournal(string id)
    {
        try
        {
            return backend.Open(StagingFormat.NameOf(id));
        }
        catch (FileNotFoundException)
        {
            return null;
        }
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

    /// <summary>The segments that are being written, with what is in them so far.</summary>
    internal IEnumerable<(Segment Segment, List<SegmentEntry> Entries)> OpenSegments()
    {
        foreach (var appender in appenders)
        {
            if (appender.Open() is { } open) yield return open;
        }
    }

    /// <summary>Seals the open segments, so that every record has a footer that lists it.</summary>
    internal void SealSegments()
    {
        Heal();
        foreach (var appender in appenders)
        {
            lock (appender.Gate) appender.Seal();
        }
    }

    /// <summary>As far as the disk lets: neither a full nor a failing one must stop who frees space or looks for
    /// damage.</summary>
    internal void TrySealSegments()
    {
        try
        {
            SealSegments();
        }
        catch (IOException)
        {
            // What is open waits for a later pass.
        }
    }
}
