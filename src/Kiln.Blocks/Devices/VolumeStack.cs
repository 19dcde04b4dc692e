using Kiln.Blocks.Crypto;
using Kiln.Blocks.Loading;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Devices;

/// <summary>Layers from the oldest to the newest above a base manifest: immutable, read from the top down.</summary>
internal sealed class VolumeStack(
    BlockStore store, IReadOnlyList<VolumeLayer> layers, Manifest? manifest, KeyDomain? domain, FirstTouches touches)
{
    private readonly VolumeLayer[] layers = [.. layers];

    internal IReadOnlyList<VolumeLayer> Layers => layers;

    internal VolumeLayer Top => layers[^1];

    internal bool IsBroken => layers.Any(l => l.IsBroken);

    internal Manifest? Base => manifest;

    internal KeyDomain? BaseDomain => domain;

    /// <summary>The same up to and including a layer.</summary>
    internal VolumeStack UpTo(int layer) =>
        With([.. layers.TakeWhile(l => l.Number != layer), layers.Single(l => l.Number == layer)]);

    internal VolumeStack With(IReadOnlyList<VolumeLayer> changed) =>
        new(store, changed, manifest, domain, touches);

    internal VolumeStack Over(Manifest newBase, KeyDomain? newDomain) =>
        new(store, layers, newBase, newDomain, touches);

    internal void Read(long offset, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            var block = offset / Block.Size;
            var within = (int)(offset % Block.Size);
            var part = destination[..Math.Min(destination.Length, Block.Size - within)];
            ReadInBlock(block, within, part);
            destination = destination[part.Length..];
            offset += part.Length;
        }
    }

    /// <summary>Sectors of a block that some layer holds.</summary>
    internal UInt128 Held(long block)
    {
        UInt128 bits = 0;
        foreach (var layer in layers) bits |= layer.Map.Bits(block);
        return bits;
    }

    /// <summary>True when nothing of 256 blocks can be anything but zero.</summary>
    internal bool IsLeafEmpty(int leaf)
    {
        foreach (var layer in layers)
        {
            if (layer.Map.Leaf(leaf) is not null) return false;
        }

        var next = manifest?.NextIndex((long)leaf * LayerMap.BlocksPerLeaf) ?? -1;
        return next < 0 || next >= ((long)leaf + 1) * LayerMap.BlocksPerLeaf;
    }

    internal bool BaseHas(long block) =>
        manifest is not null && manifest.TryGet(block, out var address) && !address.IsZero;

    /// <summary>The newest layer that holds a sector; null when the base answers for it.</summary>
    internal VolumeLayer? LayerOf(long block, int sector)
    {
        var bit = UInt128.One << sector;
        for (var i = layers.Length - 1; i >= 0; i--)
        {
            if ((layers[i].Map.Bits(block) & bit) != 0) return layers[i];
        }

        return null;
    }

    /// <summary>What holds a whole range, as far as the maps tell.</summary>
    internal DeviceRange Locate(long offset, int length)
    {
        VolumeLayer? holder = null;
        var end = offset + length;
        for (var at = offset; at < end;)
        {
            var block = at / Block.Size;
            var first = (int)(at % Block.Size) / LayerMap.SectorSize;
            var to = Math.Min(end, (block + 1) * Block.Size);
            var last = (int)((to - 1) % Block.Size) / LayerMap.SectorSize;
            if (!TryHolder(block, LayerMap.Mask(first, last - first + 1), out var layer)) return default;
            if (at == offset) holder = layer;
            else if (layer != holder) return default;
            at = to;
        }

        if (holder is null) return new DeviceRange(IsZero: true);
        if (length < DeviceRange.ReferenceBytesMin) return default;
        var file = holder.Data.HandleAt(offset, length, out var within);
        return new DeviceRange(false, file, within);
    }

    // The one layer that holds all of some sectors, or none when they are zero for want of any; else false.
    private bool TryHolder(long block, UInt128 mask, out VolumeLayer? layer)
    {
        for (var i = layers.Length - 1; i >= 0; i--)
        {
            layer = layers[i];
            var bits = layer.Map.Bits(block) & mask;
            if (bits != 0) return bits == mask;
        }

        layer = null;
        return !BaseHas(block);
    }

    private void ReadInBlock(long block, int within, Span<byte> part)
    {
        var first = within / LayerMap.SectorSize;
        var last = (within + part.Length - 1) / LayerMap.SectorSize;

        // Mostly one source answers for all: the top, or (never written) the base.
        var mask = LayerMap.Mask(first, last - first + 1);
        if (Top.Map.Has(block, mask))
        {
            ReadLayer(Top, block, within, part);
            return;
        }

        if ((Held(block) & mask) == 0)
        {
            ReadBase(block, within, part);
            return;
        }

        for (var sector = first; sector <= last;)
        {
            var source = LayerOf(block, sector);
            var end = sector + 1;
            while (end <= last && LayerOf(block, end) == source) end++;
            var from = Math.Max(within, sector * LayerMap.SectorSize);
            var to = Math.Min(within + part.Length, end * LayerMap.SectorSize);
            var piece = part[(from - within)..(to - within)];
            if (source is null) ReadBase(block, from, piece);
            else ReadLayer(source, block, from, piece);
            sector = end;
        }
    }

    private void ReadLayer(VolumeLayer layer, long block, int within, Span<byte> part)
    {
        // A local copy answers for the base.
        if (!layer.Dirty) touches.Note(block, within, part.Length);
        var read = layer.Data.Read((block * Block.Size) + within, part);
        if (read < part.Length) part[read..].Clear();
    }

    private void ReadBase(long block, int within, Span<byte> part)
    {
        touches.Note(block, within, part.Length);
        if (manifest is not null && manifest.TryGet(block, out var address))
            store.ReadRange(address, domain, within, part);
        else
            part.Clear();
    }
}
