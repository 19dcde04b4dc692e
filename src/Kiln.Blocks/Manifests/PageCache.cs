namespace Kiln.Blocks.Manifests;

/// <summary>Decoded pages that were used lately, bounded by memory; the oldest half goes when it is full.</summary>
internal sealed class PageCache(BlockStore store)
{
    // 16 MiB are some 125 full pages: 250 GiB of fully written volume at hand.
    private const long BytesMax = 16L << 20;

    private readonly Dictionary<BlockAddress, (ManifestPage Page, long Used)> pages = [];
    private readonly Lock gate = new();
    private long bytes;
    private long clock;
    private long reads;

    /// <summary>Pages that had to be read.</summary>
    internal long Reads => Volatile.Read(ref reads);

    internal ManifestPage Get(BlockAddress address)
    {
        lock (gate)
        {
            if (pages.TryGetValue(address, out var kept))
            {
                pages[address] = (kept.Page, ++clock);
                return kept.Page;
            }
        }

        Interlocked.Increment(ref reads);
        var page = store.ReadPage(address);
        Keep(address, page);
        return page;
    }

    internal void Keep(BlockAddress address, ManifestPage page)
    {
        lock (gate)
        {
            if (!pages.TryAdd(address, (page, ++clock))) return;
            bytes += page.MemoryBytes;
            if (bytes <= BytesMax) return;
            foreach (var (old, entry) in pages.OrderBy(p => p.Value.Used).Take((pages.Count + 1) / 2).ToList())
            {
                pages.Remove(old);
                bytes -= entry.Page.MemoryBytes;
            }
        }
    }
}
