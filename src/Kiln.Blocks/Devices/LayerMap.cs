namespace Kiln.Blocks.Devices;

/// <summary>Which 4 KiB sectors a layer holds: 128 bits a block, in leaves of 256 blocks, made when touched; and in
/// which generation, from one flush to the next, each block was written last.</summary>
/// <remarks>Readers take no lock: data is written before its bit. Bits are only ever set, but for <see cref="Revert"/>.
/// </remarks>
internal sealed class LayerMap
{
    internal const int SectorSize = 4096;
    internal const int SectorsPerBlock = Block.Size / SectorSize;
    internal const int BlocksPerLeaf = 256;
    internal const int WordsPerLeaf = BlocksPerLeaf * 2;

    private readonly Lock gate = new();
    private readonly Dictionary<long, UInt128> unlogged = [];
    private ulong[]?[] leaves;
    private long[]?[] written;
    private long generation = 1;

    internal LayerMap(long sizeBytes)
    {
        leaves = new ulong[]?[LeavesFor(sizeBytes)];
        written = new long[]?[LeavesFor(sizeBytes)];
    }

    internal int LeafCount => leaves.Length;

    internal static int LeavesFor(long sizeBytes) =>
        (int)((sizeBytes + ((long)BlocksPerLeaf * Block.Size) - 1) / ((long)BlocksPerLeaf * Block.Size));

    internal ulong[]? Leaf(int number)
    {
        var all = Volatile.Read(ref leaves);
        return number < all.Length ? Volatile.Read(ref all[number]) : null;
    }

    internal bool IsEmpty
    {
        get
        {
            foreach (var leaf in Volatile.Read(ref leaves))
            {
                if (leaf is not null) return false;
            }

            return true;
        }
    }

    internal void Grow(long sizeBytes)
    {
        lock (gate)
        {
            var wider = leaves;
            Array.Resize(ref wider, LeavesFor(sizeBytes));
            var longer = written;
            Array.Resize(ref longer, LeavesFor(sizeBytes));
            Volatile.Write(ref written, longer);
            Volatile.Write(ref leaves, wider);
        }
    }

    internal UInt128 Bits(long block)
    {
        var leaf = Leaf((int)(block / BlocksPerLeaf));
        if (leaf is null) return 0;
        var word = (int)(block % BlocksPerLeaf) * 2;
        return new UInt128(Volatile.Read(ref leaf[word + 1]), Volatile.Read(ref leaf[word]));
    }

    /// <summary>Mask of so many sectors of a block from one on.</summary>
    internal static UInt128 Mask(int first, int count) =>
        (count >= SectorsPerBlock ? UInt128.MaxValue : (UInt128.One << count) - 1) << first;

    internal bool Has(long block, UInt128 mask) => (Bits(block) & mask) == mask;

    /// <summary>Sets bits whose data was written; new ones await <see cref="TakeUnlogged"/>.</summary>
    internal void Set(long block, UInt128 mask)
    {
        if (Has(block, mask)) return;
        var leaf = Leaf((int)(block / BlocksPerLeaf)) ?? MakeLeaf((int)(block / BlocksPerLeaf));
        var word = (int)(block % BlocksPerLeaf) * 2;

        // Together: whoever finds a bit set may flush at once, and its flush has to find it unlogged.
        lock (gate)
        {
            unlogged.TryAdd(block, Bits(block));
            Interlocked.Or(ref leaf[word + 1], (ulong)(mask >> 64));
            Interlocked.Or(ref leaf[word], (ulong)mask);
        }
    }

    /// <summary>The bits of a block, and of those the ones that a log or map holds durably.</summary>
    internal readonly record struct Unlogged(long Block, UInt128 Bits, UInt128 Before);

    /// <summary>Sets bits that a log or map already holds: durably, or only for this boot of the machine.</summary>
    internal void Load(long block, UInt128 bits, bool durable)
    {
        var before = Bits(block);
        var leaf = Leaf((int)(block / BlocksPerLeaf)) ?? MakeLeaf((int)(block / BlocksPerLeaf));
        var word = (int)(block % BlocksPerLeaf) * 2;
        leaf[word] |= (ulong)bits;
        leaf[word + 1] |= (ulong)(bits >> 64);
        if (!durable) unlogged.TryAdd(block, before);
        else if (unlogged.TryGetValue(block, out var known)) unlogged[block] = known | bits;
    }

    /// <summary>Notes a block whose data was written.</summary>
    internal void Stamp(long block)
    {
        // Read after the data was written: a sync of this generation covers it, or one of the next.
        var now = Volatile.Read(ref generation);
        var number = (int)(block / BlocksPerLeaf);
        var leaf = Volatile.Read(ref written)[number];
        if (leaf is null)
        {
            lock (gate) leaf = written[number] ??= new long[BlocksPerLeaf];
        }

        ref var stamp = ref leaf[block % BlocksPerLeaf];
        var seen = Volatile.Read(ref stamp);
        while (seen < now)
        {
            var before = Interlocked.CompareExchange(ref stamp, now, seen);
            if (before == seen) return;
            seen = before;
        }
    }

    /// <summary>Begins the next generation; a sync that begins now covers the one that is returned.</summary>
    internal long EndGeneration() => Interlocked.Increment(ref generation) - 1;

    /// <summary>Blocks that were written after a generation.</summary>
    internal IEnumerable<long> WrittenSince(long ended)
    {
        var all = Volatile.Read(ref written);
        for (var number = 0; number < all.Length; number++)
        {
            if (all[number] is not { } leaf) continue;
            for (var i = 0; i < BlocksPerLeaf; i++)
            {
                if (Volatile.Read(ref leaf[i]) > ended) yield return ((long)number * BlocksPerLeaf) + i;
            }
        }
    }

    /// <summary>Takes the bits that no log holds, with those that one does.</summary>
    internal List<Unlogged> TakeUnlogged()
    {
        lock (gate)
        {
            var taken = new List<Unlogged>(unlogged.Count);
            foreach (var (block, before) in unlogged) taken.Add(new Unlogged(block, Bits(block), before));
            unlogged.Clear();
            return taken;
        }
    }

    internal void PutBack(IEnumerable<Unlogged> entries)
    {
        lock (gate)
        {
            foreach (var entry in entries) unlogged[entry.Block] = entry.Before;
        }
    }

    /// <summary>Forgets the bits that no log holds: what lies below answers for those sectors again.</summary>
    internal void Revert()
    {
        lock (gate)
        {
            foreach (var (block, before) in unlogged)
            {
                var leaf = Leaf((int)(block / BlocksPerLeaf))!;
                var word = (int)(block % BlocksPerLeaf) * 2;
                Interlocked.And(ref leaf[word + 1], (ulong)(before >> 64));
                Interlocked.And(ref leaf[word], (ulong)before);
            }

            unlogged.Clear();
        }
    }

    /// <summary>Blocks with at least one sector, in ascending order.</summary>
    internal IEnumerable<long> Blocks()
    {
        for (var number = 0; number < LeafCount; number++)
        {
            if (Leaf(number) is not { } leaf) continue;
            for (var i = 0; i < BlocksPerLeaf; i++)
            {
                if ((leaf[i * 2] | leaf[(i * 2) + 1]) != 0) yield return ((long)number * BlocksPerLeaf) + i;
            }
        }
    }

    internal static int FirstSector(UInt128 bits) => (int)UInt128.TrailingZeroCount(bits);

    private ulong[] MakeLeaf(int number)
    {
        lock (gate) return leaves[number] ??= new ulong[WordsPerLeaf];
    }
}
