using System.Collections.Concurrent;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

// Manifests that something open needs, whether or not a row still names them.
public sealed partial class BlockStore
{
    private readonly ConcurrentDictionary<ManifestId, int> pins = new();

    /// <summary>Manifests that open volumes and copies hold; collection keeps them and all they reach.</summary>
    public IReadOnlyList<ManifestId> Pins => [.. pins.Keys];

    /// <summary>Keeps a manifest until <see cref="Unpin"/> was called as often. A restart forgets it.</summary>
    public void Pin(ManifestId id) => pins.AddOrUpdate(id, 1, (_, count) => count + 1);

    /// <summary>Takes back one <see cref="Pin"/>.</summary>
    public void Unpin(ManifestId id)
    {
        while (pins.TryGetValue(id, out var count))
        {
            if (count == 1 ? pins.TryRemove(new(id, 1)) : pins.TryUpdate(id, count - 1, count)) return;
        }
    }
}
