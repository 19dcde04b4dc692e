namespace Kiln.Blocks.Manifests;

/// <summary>
/// The immutable map of a snapshot: block index to address. Complete in itself; there is no parent to walk.
/// </summary>
/// <remarks>Opening reads the page list only; pages come, verified, from a shared cache. Thread-safe.</remarks>
public sealed class Manifest
{
    private readonly BlockStore store;
    private readonly PageReference[] pages;

    internal Manifest(BlockStore store, ManifestId id, long volumeBlocks, string? domainId, PageReference[] pages)
    {
        this.store = store;
        this.pages = pages;
        Id = id;
        VolumeBlocks = volumeBlocks;
        DomainId = domainId;
        foreach (var page in pages) BlockCount += page.Count;
    }

    /// <summary>Its name.</summary>
    public ManifestId Id { get; }

    /// <summary>Size of the volume in blocks.</summary>
    public long VolumeBlocks { get; }

    /// <summary>Number of written blocks.</summary>
    public long BlockCount { get; }

    /// <summary>Id of the key domain its blocks are sealed in; null in the clear.</summary>
    public string? DomainId { get; }

    /// <summary>Bytes of all written blocks: AWS's FullSnapshotSizeInBytes.</summary>
    public long FullBytes => BlockCount * Block.Size;

    internal IReadOnlyList<PageReference> Pages => pages;

    /// <summary>Finds the address of a block; false when the block was never written.</summary>
    /// <exception cref="BlockCorruptException">The page is damaged.</exception>
    public bool TryGet(long index, out BlockAddress address)
    {
        address = default;
        if ((ulong)index >= (ulong)VolumeBlocks) return false;
        var at = Find((int)(index / ManifestPage.References));
        return at >= 0
            && store.Pages.Get(pages[at].Address).TryGet((int)(index % ManifestPage.References), out address);
    }

    /// <summary>The first written index at or after one; -1 when there is none.</summary>
    public long NextIndex(long from)
    {
        var number = (int)(from / ManifestPage.References);
        var at = Find(number);
        for (var i = at < 0 ? ~at : at; i < pages.Length; i++)
        {
            // A listed page is never empty, so one beyond the start need only be opened for its first slot.
            var start = (long)pages[i].Number * ManifestPage.References;
            var slot = store.Pages.Get(pages[i].Address).Next((int)Math.Max(0, from - start));
            if (slot < ManifestPage.References) return start + slot;
        }

        return -1;
    }

    /// <summary>Written blocks in ascending order, from an index on.</summary>
    public IEnumerable<ManifestEntry> Entries(long from = 0)
    {
        var first = Find((int)(from / ManifestPage.References));
        for (var i = first < 0 ? ~first : first; i < pages.Length; i++)
        {
            var reference = pages[i];
            var start = (long)reference.Number * ManifestPage.References;
            var page = store.Pages.Get(reference.Address);
            var slot = page.Next((int)Math.Max(0, from - start));
            for (; slot < ManifestPage.References; slot = page.Next(slot + 1))
            {
                page.TryGet(slot, out var address);
                yield return new ManifestEntry(start + slot, address);
            }
        }
    }

    /// <summary>
    /// Blocks in which two manifests differ, in ascending order from an index on. Equal pages are not even opened.
    /// </summary>
    /// <remarks>Addresses of different key domains never compare equal: every block then counts as changed.</remarks>
    public static IEnumerable<ManifestChange> Diff(Manifest first, Manifest second, long from = 0)
    {
        int i = 0, j = 0;
        while (i < first.pages.Length || j < second.pages.Length)
        {
            var a = i < first.pages.Length ? first.pages[i].Number : int.MaxValue;
            var b = j < second.pages.Length ? second.pages[j].Number : int.MaxValue;
            var number = Math.Min(a, b);
            PageReference? left = a == number ? first.pages[i++] : null;
            PageReference? right = b == number ? second.pages[j++] : null;
            var start = (long)number * ManifestPage.References;
            if (start + ManifestPage.References <= from || left?.Address == right?.Address) continue;
            var pageA = left is { } l ? first.store.Pages.Get(l.Address) : null;
            var pageB = right is { } r ? second.store.Pages.Get(r.Address) : null;
            foreach (var change in DiffPages(start, (int)Math.Max(0, from - start), pageA, pageB)) yield return change;
        }
    }

    private static IEnumerable<ManifestChange> DiffPages(long start, int slot, ManifestPage? a, ManifestPage? b)
    {
        while (true)
        {
            slot = Math.Min(a?.Next(slot) ?? ManifestPage.References, b?.Next(slot) ?? ManifestPage.References);
            if (slot >= ManifestPage.References) yield break;
            BlockAddress? left = a is not null && a.TryGet(slot, out var x) ? x : null;
            BlockAddress? right = b is not null && b.TryGet(slot, out var y) ? y : null;
            if (left != right) yield return new ManifestChange(start + slot, left, right);
            slot++;
            if (slot >= ManifestPage.References) yield break;
        }
    }

    private int Find(int number)
    {
        int low = 0, high = pages.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (pages[middle].Number == number) return middle;
            if (pages[middle].Number < number) low = middle + 1;
            else high = middle - 1;
        }

        return ~low;
    }
}
