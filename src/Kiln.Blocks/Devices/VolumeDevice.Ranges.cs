namespace Kiln.Blocks.Devices;

// Zeros, holes, and where data is.
public sealed partial class VolumeDevice
{
    private static readonly byte[] Zeros = new byte[LayerMap.SectorSize];

    /// <inheritdoc/>
    public void Trim(long offset, long length) => WriteZeroes(offset, length);

    /// <inheritdoc/>
    public void WriteZeroes(long offset, long length, bool fua = false)
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
                if (block % LayerMap.BlocksPerLeaf == 0 && offset % Block.Size == 0
                    && end - offset >= (long)LayerMap.BlocksPerLeaf * Block.Size
                    && stack.IsLeafEmpty((int)(block / LayerMap.BlocksPerLeaf)))
                {
                    // Discards of a whole empty disk must not fill its map.
                    offset += (long)LayerMap.BlocksPerLeaf * Block.Size;
                    continue;
                }

                var within = (int)(offset % Block.Size);
                var part = (int)Math.Min(end - offset, Block.Size - within);
                if (stack.Held(block) != 0 || stack.BaseHas(block)) ZeroInBlock(block, within, part);
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
    public IReadOnlyList<DeviceExtent> Status(long offset, long length, int extentsMax)
    {
        gate.EnterReadLock();
        try
        {
            Check(offset, length);
            var extents = new List<DeviceExtent>();
            var end = offset + length;
            while (offset < end)
            {
                var (run, zero) = RunAt(offset, end);
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

    private void ZeroInBlock(long block, int within, int length)
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
        var top = stack.Top;
        lock (writeLocks[block % WriteLocks])
        {
            top.Data.PunchHole((block * Block.Size) + from, to - from);
            top.Touched();
            top.Map.Set(
                block, LayerMap.Mask(from / LayerMap.SectorSize, (to - from) / LayerMap.SectorSize));
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

    private static long RoundUp(long to, long from) =>
        ((to - from) + AlignmentBytes - 1) / AlignmentBytes * AlignmentBytes;
}
