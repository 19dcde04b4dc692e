using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// Accounting.
public sealed partial class BlockStore
{
    private const int SharedByMany = -1;

    /// <summary>Counts what each manifest of a set costs by itself and what all cost together.</summary>
    /// <remarks>Reads every page; needs some 60 bytes of memory a different block.</remarks>
    public StoreUsage Usage(IReadOnlyCollection<ManifestId> manifests)
    {
        var ids = manifests.Distinct().ToArray();
        var owners = new Dictionary<BlockAddress, int>();
        var full = new long[ids.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            var manifest = OpenManifest(ids[i]);
            full[i] = manifest.FullBytes;
            foreach (var (_, address) in manifest.Entries())
            {
                if (address.IsZero) continue;
                owners[address] = owners.TryGetValue(address, out var owner) && owner != i ? SharedByMany : i;
            }
        }

        var unique = new long[ids.Length];
        var uniqueStored = new long[ids.Length];
        long stored = 0;
        foreach (var (address, owner) in owners)
        {
            var bytes = Index.TryFind(address, out var at) ? RecordHeader.Size + at.StoredLength : 0;
            stored += bytes;
            if (owner == SharedByMany) continue;
            unique[owner] += Block.Size;
            uniqueStored[owner] += bytes;
        }

        var shares = new Dictionary<ManifestId, ManifestUsage>();
        for (var i = 0; i < ids.Length; i++)
            shares[ids[i]] = new ManifestUsage(full[i], unique[i], uniqueStored[i]);
        return new StoreUsage(shares, owners.Count, stored);
    }
}
