namespace Kiln.Blocks.Devices;

/// <summary>Which 4 KiB sectors a layer holds: 128 bits a block, in leaves of 256 blocks, made when touched.</summary>
/// <remarks>Bits are only ever set. Readers take no lock: data is written before its bit.</remarks>
internal sealed class LayerMap
{
    internal const int SectorSize = 4096;
    internal const int SectorsPerBlock = Block.Size / SectorSize;
    internal const int BlocksPerLeaf = 256;
    internal const int WordsPerLeaf = BlocksPerLeaf * 2;

    private readonly Lock gate = new();
    private readonly HashSet<long> unlogged = [];
    private ulong[]?[] leaves;

    internal LayerMap(long sizeBytes) => leaves = new ulong[]?[LeavesFor(sizeBytes)];

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
            Interlocked.Or(ref leaf[word + 1], (ulong)(mask >> 64));
            Interlocked.Or(ref leaf[word], (ulong)mask);
            unlogged.Add(block);
        }
    }

    /// <summary>Sets bits that a log or map already holds.</summary>
    internal void Load(long block, UInt128 bits)
    {
        var leaf = Leaf((int)(block / BlocksPerLeaf)) ?? MakeLeaf((int)(block / BlocksPerLeaf));
        var word = (int)(block % BlocksPerLeaf) * 2;
        leaf[word] |= (ulong)bits;
        leaf[word + 1] |= (ulong)(bits >> 64);
    }

    internal List<(long Block, UInt128 Bits)> TakeUnlogged()
    {
        lock (gate)
        {
            var taken = new List<(long, UInt128)>(unlogged.Count);
            foreach (var block in unlogged) taken.Add((block, Bits(block)));
            unlogged.Clear();
            return taken;
        }
    }

    internal void PutBack(IEnumerable<(long Block, UInt128 Bits)> entries)
    {
        lock (gate)
        {
            foreach (var (block, _) in entries) unlogged.Add(block);
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
