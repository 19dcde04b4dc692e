using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Collection;

/// <summary>Marks what manifests and staged snapshots reach. A page that several share is walked once.</summary>
internal sealed class Mark(BlockStore store, uint epoch, CollectionReport report)
{
    internal void Manifest(ManifestId id)
    {
        foreach (var page in store.OpenManifest(id).Pages)
        {
            if (!store.Index.TryMark(page.Address, epoch, out var exists))
            {
                if (!exists) throw new BlockMissingException(page.Address);
                continue;
            }

            var content = store.ReadPage(page.Address);
            for (var slot = content.Next(0); slot < ManifestPage.References; slot = content.Next(slot + 1))
            {
                content.TryGet(slot, out var address);
                Block(address);
            }
        }
    }

    internal void Staged() => store.ReadStaged((_, address, _) => Block(address));

    private void Block(BlockAddress address)
    {
        if (address.IsZero) return;
        store.Index.TryMark(address, epoch, out var exists);
        if (!exists) report.MissingRecords++;
    }
}
