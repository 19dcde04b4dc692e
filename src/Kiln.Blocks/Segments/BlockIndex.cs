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
                location = new BlockLocation(entry.Segment, entry.Offset, entry.StoredLength);
                return true;
            }
        }

        location = default;
        return false;
    }

    /// <summary>Finds an entry and renews its lease: from here on a collection that began earlier spares it.</summary>
    internal bool TryRenew(BlockAddress address, out BlockLocation location)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry))
            {
                location = default;
                return false;
            }

            entry.Lease = Epoch;
            location = new BlockLocation(entry.Segment, entry.Offset, entry.StoredLength);
            return true;
        }
    }

    /// <summary>Adds unless another writer was first; either way the lease is of now.</summary>
    internal bool TryAdd(BlockAddress address, BlockLocation location)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(shard, address, out var exists);
            entry.Lease = Epoch;
            if (exists) return false;
            entry.Segment = location.Segment;
            entry.Offset = location.Offset;
            entry.StoredLength = location.StoredLength;
            return true;
        }
    }

    /// <summary>Adds what recovery found; a lease of epoch 0, since nobody who might need it is left. Of two records
    /// the smaller counts, and of equal ones the later: a move that a crash cut short is then not made again.</summary>
    internal void Load(BlockAddress address, BlockLocation location)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrAddDefault(shard, address, out var exists);
            if (exists && entry.StoredLength < location.StoredLength) return;
            entry.Segment = location.Segment;
            entry.Offset = location.Offset;
            entry.StoredLength = location.StoredLength;
        }
    }

    /// <summary>Moves an entry that still points to where compaction copied it from.</summary>
    internal bool TryMove(BlockAddress address, BlockLocation from, BlockLocation to)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            ref var entry = ref CollectionsMarshal.GetValueRefOrNullRef(shard, address);
            if (System.Runtime.CompilerServices.Unsafe.IsNullRef(ref entry)
                || entry.Segment != from.Segment || entry.Offset != from.Offset) return false;
            entry.Segment = to.Segment;
            entry.Offset = to.Offset;
            entry.StoredLength = to.StoredLength;
            return true;
        }
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

    /// <summary>Removes an entry that lies at a place whatever its lease: the record there proved damaged.</summary>
    internal bool Forget(BlockAddress address, uint segment, uint offset)
    {
        var shard = shards[address.Shard];
        lock (shard)
        {
            return shard.TryGetValue(address, out var entry) && entry.Segment == segment && entry.Offset == offset
                && shard.Remove(address);
        }
    }

    private static bool IsDead(
        Dictionary<BlockAddress, Entry> shard, BlockAddress address, uint segment, uint offset, uint markEpoch,
        uint cutoff) =>
        shard.TryGetValue(address, out var entry) && entry.Segment == segment && entry.Offset == offset
        && entry.Mark != markEpoch && entry.Lease < cutoff;
}
