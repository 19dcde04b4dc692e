namespace Kiln.Blocks.Devices;

// Zeros, holes, and where data is.
public sealed partial class VolumeDevice
{
    private const long CachedAtOnceMax = 16L << 20;

    private static readonly byte[] Zeros = new byte[LayerMap.SectorSize];

    /// <inheritdoc/>
    public void Trim(long offset, long length) => WriteZeroes(offset, length);

    /// <inheritdoc/>
    public bool ZeroesAreFast => Volatile.Read(ref stack).Top.Data.HasHoles;

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, bool fua = false, bool keepSpace = false)
    {
        VolumeLayer top;
        gate.EnterReadLock();
        try
        {
            Check(offset, length);
            top = stack.Top;
            var end = offset + length;
            while (offset < end)
            {
                var block = offset / Block.Size;
                if (!keepSpace && block % LayerMap.BlocksPerLeaf == 0 && offset % Block.Size == 0
                    && end - offset >= (long)LayerMap.BlocksPerLeaf * Block.Size
                    && stack.IsLeafEmpty((int)(block / LayerMap.BlocksPerLeaf)))
                {
                    // Discards of a whole empty disk must not fill its map.
                    offset += (long)LayerMap.BlocksPerLeaf * Block.Size;
                    continue;
                }

                var within = (int)(offset % Block.Size);
                var part = (int)Math.Min(end - offset, Block.Size - within);
                if (keepSpace || stack.Held(block) != 0 || stack.BaseHas(block))
                    ZeroInBlock(block, within, part, keepSpace);
                offset += part;
            }
        }
        finally
        {
            gate.ExitReadLock();
        }

        if (fua) Flush(top);
    }

    /// <inheritdoc/>
    public void Cache(long offset, long length)
    {
        // A few bytes of each frame of the base bring the frame; more than this would only push itself out again.
        Span<byte> some = stackalloc byte[AlignmentBytes];
        var end = offset + Math.Min(length, CachedAtOnceMax);
        for (var at = offset; at < end; at = (at + Block.FrameSize) & -Block.FrameSize) Read(at, some);
    }

    /// <inheritdoc/>
    public DeviceRange Locate(long offset, int length)
    {
        gate.EnterReadLock();
        try
        {
            Check(offset, length);
            return stack.Locate(offset, length);
        }
        finally
        {
            gate.ExitReadLock();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<DeviceExtent> Status(long offset, long length, int extentsMax) =>
        Extents(offset, length, extentsMax, RunAt);

    /// <inheritdoc/>
    public IReadOnlyList<DeviceExtent> Changes(long offset, long length, int extentsMax) =>
        Extents(offset, length, extentsMax, ChangeAt);

    private List<DeviceExtent> Extents(
        long offset, long length, int extentsMax, Func<long, long, (long Length, bool Zero)> runAt)
    {
        gate.EnterReadLock();
        try
        {
            Check(offset, length);
            var extents = new List<DeviceExtent>();
            var end = offset + length;
            while (offset < end)
            {
                var (run, zero) = runAt(offset, end);
                offset += run;
                if (extents.Count > 0 && extents[^1].IsZero == zero)
                {
                    extents[^1] = new DeviceExtent(extents[^1].Length + run, zero);
                    continue;
                }

                if (extents.Count == extentsMax) break;
                extents.Add(new DeviceExtent(run, zero));
            }

            return extents;
        }
        finally
        {
            gate.ExitReadLock();
        }
    }

    private void ZeroInBlock(long block, int within, int length, bool keepSpace)
    {
        var end = within + length;
        var from = (within + LayerMap.SectorSize - 1) & -LayerMap.SectorSize;
        var to = end & -LayerMap.SectorSize;
        if (from >= to)
        {
            // Not a whole sector in it: at most two parts of one.
            for (var at = within; at < end;)
            {
                var piece = Math.Min(end, (at & -LayerMap.SectorSize) + LayerMap.SectorSize) - at;
                WriteInBlock(block, at, Zeros.AsSpan(0, piece));
                at += piece;
            }

            return;
        }

        if (within < from) WriteInBlock(block, within, Zeros.AsSpan(0, from - within));
        if (to < end) WriteInBlock(block, to, Zeros.AsSpan(0, end - to));
        if (keepSpace) backend.Claim(to - from);
        var top = stack.Top;
        lock (writeLocks[block % WriteLocks])
        {
            var at = (block * Block.Size) + from;
            top.Clear(block, at, to - from, keepSpace);
            top.Hold(block, LayerMap.Mask(from / LayerMap.SectorSize, (to - from) / LayerMap.SectorSize));
        }
    }

    // One run of one kind, not necessarily the longest: the caller joins neighbours.
    private (long Length, bool Zero) RunAt(long offset, long end)
    {
        var block = offset / Block.Size;
        var leaf = (int)(block / LayerMap.BlocksPerLeaf);
        if (stack.IsLeafEmpty(leaf))
            return (Math.Min(end, ((long)leaf + 1) * LayerMap.BlocksPerLeaf * Block.Size) - offset, true);
        var blockEnd = Math.Min(end, (block + 1) * Block.Size);
        var held = stack.Held(block);
        if (held == 0) return (blockEnd - offset, !stack.BaseHas(block));
        var sector = (int)(offset % Block.Size / LayerMap.SectorSize);
        var source = stack.LayerOf(block, sector);
        var next = sector + 1;
        while (next < LayerMap.SectorsPerBlock && stack.LayerOf(block, next) == source) next++;
        var runEnd = Math.Min(blockEnd, (block * Block.Size) + ((long)next * LayerMap.SectorSize));
        if (source is null) return (runEnd - offset, !stack.BaseHas(block));

        // What was trimmed is a hole in the layer's file.
        var data = source.Data.Seek(offset, data: true);
        if (data > offset) return (RoundUp(Math.Min(runEnd, data), offset), true);
        var hole = source.Data.Seek(offset, data: false);
        return (RoundUp(Math.Min(runEnd, hole), offset), false);
    }

    // As RunAt, of what was written since the last snapshot.
    private (long Length, bool Zero) ChangeAt(long offset, long end)
    {
        var block = offset / Block.Size;
        var leaf = (int)(block / LayerMap.BlocksPerLeaf);
        var dirty = stack.Layers.Where(l => l.Dirty && l.Map.Leaf(leaf) is not null).ToList();
        if (dirty.Count == 0)
            return (Math.Min(end, ((long)leaf + 1) * LayerMap.BlocksPerLeaf * Block.Size) - offset, true);
        UInt128 bits = 0;
        foreach (var layer in dirty) bits |= layer.Map.Bits(block);
        var sector = (int)(offset % Block.Size / LayerMap.SectorSize);
        var changed = (bits & (UInt128.One << sector)) != 0;
        var others = (changed ? ~bits : bits) >> sector;
        var next = others == 0 ? LayerMap.SectorsPerBlock : sector + LayerMap.FirstSector(others);
        return (Math.Min(end, (block * Block.Size) + ((long)next * LayerMap.SectorSize)) - offset, !changed);
    }

    private static long RoundUp(long to, long from) =>
        ((to - from) + AlignmentBytes - 1) / AlignmentBytes * AlignmentBytes;
}
