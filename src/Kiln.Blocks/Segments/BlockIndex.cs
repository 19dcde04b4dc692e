using System.Runtime.InteropServices;

namespace Kiln.Blocks.Segments;

/// <summary>Address to location, in memory, in 256 shards; about 70 bytes a block.</summary>
/// <remarks>
/// Each entry carries the epoch in which it was last put or met by a put (its lease), and the epoch in which
/// collection marked it. Both change only under the shard's lock, so a dedup hit and a delete cannot cross.
/// </remarks>
internal sealed class BlockIndex
{
    private const int Shards = 256;

    private struct Entry
    {
        public uint Segment;
        public uint Offset;
        public int StoredLength;
        public uint Lease;
        public uint Mark;

        // A damaged record's length is kept as its complement: no place is left for a flag without making all larger.
        public readonly bool IsDamaged => StoredLength < 0;

        public readonly BlockLocation Location =>
            new(Segment, Offset, IsDamaged ? ~StoredLength : StoredLength);

        public void MoveTo(BlockLocation location)
        {
            Segment = location.Segment;
            Offset = location.Offset;
            StoredLength = location.StoredLength;
        }
    }

    private readonly Dictionary<BlockAddress, Entry>[] shards = new Dictionary<BlockAddress, Entry>[Shards];
    private int epoch = 1;

    internal BlockIndex()
    {
        for (var i = 0; i < Shards; i++) shards[i] = [];
    }

    /// <summary>The collection epoch: every put stamps it on what it makes or meets.</summary>
    internal uint Epoch => (uint)Volatile.Read(ref epoch);

    internal uint NextEpoch() => (uint)Interlocked.Increment(ref epoch);

    internal int Count
    {
        get
        {
            var count = 0;
            foreach (var shard in shards)
            {
                lock (shard) count += shard.Count;
            }

            return count;
        }
    }

    internal bool TryFind(BlockAddress address, out BlockLocation location)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            if (shard.TryGetValue(address, out var entry))
            {
                location = entry.Location;
                return true;
            }
        }

        location = default;
        return false;
    }

    /// <summary>Finds an entry and renews its lease: from here on a collection that began earlier spares it. What is
    /// damaged is not found, so that a put stores it anew.</summary>
    internal bool TryRenew(BlockAddress address, out BlockLocation location)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry) || entry.IsDamaged)
            {
                location = default;
                return false;
            }

            entry.Lease = Epoch;
            location = entry.Location;
            return true;
        }
    }

    /// <summary>Renews the lease of whatever there is of an address, also of what is damaged; false when there is
    /// nothing.</summary>
    internal bool TryKeep(BlockAddress address)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry)) return false;
            entry.Lease = Epoch;
            return true;
        }
    }

    /// <summary>Adds, or replaces what is damaged, unless another writer was first; either way the lease is of now.
    /// </summary>
    internal bool TryAdd(BlockAddress address, BlockLocation location)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(shard, address, out var exists);
            entry.Lease = Epoch;
            if (exists && !entry.IsDamaged) return false;
            entry.MoveTo(location);
            return true;
        }
    }

    /// <summary>Adds what a segment lists. Of two intact records the smaller counts, and of equal ones the later, so
    /// that a move that a crash cut short need not be made again. The lease is 0 at a start, since nobody who might
    /// need it is left.</summary>
    internal void Load(BlockAddress address, BlockLocation location, uint lease, bool damaged)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(shard, address, out var exists);
            if (exists && (damaged || (!entry.IsDamaged && !IsBetter(location, entry)))) return;
            entry.Lease = Math.Max(entry.Lease, lease);
            entry.MoveTo(location);
            if (damaged) entry.StoredLength = ~entry.StoredLength;
        }
    }

    /// <summary>Moves an entry that still points to where its record was copied from, and did not prove damaged.
    /// </summary>
    internal bool TryMove(BlockAddress address, BlockLocation from, BlockLocation to)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry)
                || entry.Segment != from.Segment || entry.Offset != from.Offset || entry.IsDamaged) return false;
            entry.MoveTo(to);
            return true;
        }
    }

    /// <summary>Moves an entry whose record is damaged, and says so of it at the new place.</summary>
    internal bool TryMoveDamaged(BlockAddress address, BlockLocation from, BlockLocation to)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry)
                || entry.Segment != from.Segment || entry.Offset != from.Offset) return false;
            entry.MoveTo(to);
            entry.StoredLength = ~entry.StoredLength;
            return true;
        }
    }

    /// <summary>Takes an entry away from a place that is given up: to another, or out of the index.</summary>
    internal void Leave(BlockAddress address, BlockLocation from, BlockLocation? to)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry)
                || entry.Segment != from.Segment || entry.Offset != from.Offset) return;
            if (to is { } place) entry.MoveTo(place);
            else shard.Remove(address);
        }
    }

    /// <summary>All entries that lie in a segment, by offset. Walks the whole index.</summary>
    internal List<SegmentEntry> In(uint segment)
    {
        var found = new List<SegmentEntry>();
        foreach (var shard in shards)
        {
            lock (shard)
            {
                foreach (var (address, entry) in shard)
                {
                    if (entry.Segment == segment)
                        found.Add(new SegmentEntry(address, entry.Offset, entry.Location.StoredLength));
                }
            }
        }

        found.Sort((a, b) => a.Offset.CompareTo(b.Offset));
        return found;
    }

    /// <summary>Marks; true when this call was the first of the epoch, false when marked before or absent.</summary>
    internal bool TryMark(BlockAddress address, uint markEpoch, out bool exists)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            exists = !System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry);
            if (!exists || entry.Mark == markEpoch) return false;
            entry.Mark = markEpoch;
            return true;
        }
    }

    /// <summary>
    /// Removes an entry that lies at a place, is unmarked, and whose lease is older than the cutoff. The test and the
    /// removal are one step: a put that renewed the lease before wins, one that comes after stores anew.
    /// </summary>
    internal bool TryRemove(BlockAddress address, uint segment, uint offset, uint markEpoch, uint cutoff)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            return IsDead(shard, address, segment, offset, markEpoch, cutoff) && shard.Remove(address);
        }
    }

    /// <summary>True when <see cref="TryRemove"/> would remove now.</summary>
    internal bool IsDead(BlockAddress address, uint segment, uint offset, uint markEpoch, uint cutoff)
    {
        var shard = shards[address.Shard];
        lock (shard) return IsDead(shard, address, segment, offset, markEpoch, cutoff);
    }

    /// <summary>Says that the record at a place proved damaged; false when the entry lies elsewhere by now.</summary>
    internal bool TrySetDamaged(BlockAddress address, uint segment, uint offset)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry)
                || entry.Segment != segment || entry.Offset != offset) return false;
            if (!entry.IsDamaged) entry.StoredLength = ~entry.StoredLength;
            return true;
        }
    }

    /// <summary>True when all there is of a block is a damaged record.</summary>
    internal bool IsDamaged(BlockAddress address)
    {
        var shard = shards[address.Shard];
        lock (shard) return shard.TryGetValue(address, out var entry) && entry.IsDamaged;
    }

    private static bool IsBetter(BlockLocation found, Entry known) =>
        found.StoredLength < known.StoredLength
        || (found.StoredLength == known.StoredLength && found.Segment > known.Segment);

    private static bool IsDead(
        Dictionary<BlockAddress, Entry> shard, BlockAddress address, uint segment, uint offset, uint markEpoch,
        uint cutoff) =>
        shard.TryGetValue(address, out var entry) && entry.Segment == segment && entry.Offset == offset
        && entry.Mark != markEpoch && entry.Lease < cutoff;
}
