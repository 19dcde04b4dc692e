using Kiln.Blocks.Crypto;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Manifests;

/// <summary>
/// Builds a manifest out of a parent (or nothing) and changes. While it lives, no block that was put for it is
/// collected. Thread-safe; dispose it after <see cref="Commit"/> or to give up.
/// </summary>
/// <remarks>Memory: 128 KiB for every 2 GiB range that changes.</remarks>
public sealed class ManifestBuilder : IDisposable
{
    private readonly BlockStore store;
    private readonly Manifest? parent;
    private readonly BlockLease lease;
    private readonly Dictionary<int, ManifestPage> changed = [];
    private readonly Lock gate = new();

    internal ManifestBuilder(BlockStore store, long volumeBlocks, KeyDomain? domain, Manifest? parent)
    {
        if (volumeBlocks is < 0 or > ManifestFormat.VolumeBlocksMax)
            throw new ArgumentOutOfRangeException(nameof(volumeBlocks));
        if (parent is not null && (parent.DomainId != domain?.Id || parent.VolumeBlocks > volumeBlocks))
            throw new ArgumentException("A parent must be of the same key domain and not larger.", nameof(parent));
        this.store = store;
        this.parent = parent;
        VolumeBlocks = volumeBlocks;
        Domain = domain;
        lease = store.Lease();
        if (parent is not null) lease.Hold(parent.Id);
    }

    /// <summary>Size of the volume in blocks.</summary>
    public long VolumeBlocks { get; }

    /// <summary>The key domain of its blocks; null in the clear.</summary>
    public KeyDomain? Domain { get; }

    /// <summary>Stores a block (or finds it stored) and sets it.</summary>
    public BlockAddress Put(long index, ReadOnlySpan<byte> plain) => Put(index, plain, Effort.Plain);

    internal BlockAddress Put(long index, ReadOnlySpan<byte> plain, Effort effort)
    {
        var address = store.Put(plain, Domain, effort);
        Set(index, address);
        return address;
    }

    /// <summary>Sets a block; <see cref="BlockAddress.Zero"/> means written as zeros.</summary>
    public void Set(long index, BlockAddress address)
    {
        lock (gate) PageFor(index).Set((int)(index % ManifestPage.References), address);
    }

    /// <summary>Makes a block unwritten: it reads as zeros and is not listed.</summary>
    public void Clear(long index)
    {
        lock (gate) PageFor(index).Clear((int)(index % ManifestPage.References));
    }

    /// <summary>
    /// Makes it durable: blocks and pages first (one sync), then the manifest file. Afterwards it is there after
    /// any crash. Equal content gives the same id.
    /// </summary>
    /// <exception cref="StoreFullException">No space; commit again when there is.</exception>
    /// <exception cref="StoreReadOnlyException">The disk fails, or has failed since this was begun: build anew.
    /// </exception>
    public ManifestId Commit()
    {
        lock (gate)
        {
            var pages = new SortedDictionary<int, PageReference>();
            foreach (var page in parent?.Pages ?? []) pages[page.Number] = page;
            foreach (var (number, page) in changed)
            {
                pages.Remove(number);
                if (page.Count == 0) continue;
                var bytes = page.Encode(out var address);
                store.PutPage(bytes, address);
                pages[number] = new PageReference(number, page.Count, address);
            }

            lease.Sync();
            return store.WriteManifest(VolumeBlocks, Domain?.Id, [.. pages.Values]);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => lease.Dispose();

    private ManifestPage PageFor(long index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, VolumeBlocks);
        var number = (int)(index / ManifestPage.References);
        if (changed.TryGetValue(number, out var page)) return page;
        page = new ManifestPage();
        foreach (var reference in parent?.Pages ?? [])
        {
            if (reference.Number == number) page = store.Pages.Get(reference.Address).Copy();
        }

        return changed[number] = page;
    }
}
