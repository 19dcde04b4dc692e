using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Collection;

/// <summary>Marks what manifests and staged snapshots reach. A page that several share is walked once.</summary>
internal sealed class Mark(BlockStore store, uint epoch, CollectionReport report)
{
    private HashSet<BlockAddress>? trash;

    /// <summary>Marks a manifest, a page at a time: each is some milliseconds.</summary>
    internal IEnumerable<int> Manifest(ManifestId id)
    {
        foreach (var page in store.OpenManifest(id).Pages)
        {
            if (TryMark(page.Address, out var exists))
            {
                var content = store.ReadPage(page.Address);
                for (var slot = content.Next(0); slot < ManifestPage.References; slot = content.Next(slot + 1))
                {
                    content.TryGet(slot, out var address);
                    Block(address);
                }
            }
            else if (!exists)
            {
                throw new BlockMissingException(page.Address);
            }

            yield return page.Number;
        }
    }

    internal void Staged() => store.ReadStaged((_, address, _) => Block(address));

    private void Block(BlockAddress address)
    {
        if (address.IsZero) return;
        TryMark(address, out var exists);
        if (!exists) report.MissingRecords++;
    }

    // What is reachable and lies in the trash goes back to work before it is purged.
    private bool TryMark(BlockAddress address, out bool exists)
    {
        if (store.Index.TryMark(address, epoch, out exists)) return true;
        if (exists) return false;
        trash ??= store.TrashedAddresses();
        if (!trash.Contains(address) || !store.TryTakeFromTrash(address)) return false;
        report.TakenBack++;
        return store.Index.TryMark(address, epoch, out exists);
    }
}
