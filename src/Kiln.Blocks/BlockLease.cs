using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

/// <summary>
/// While it lives, nothing put (or met by a put) since it was taken, and no manifest it holds, is collected.
/// </summary>
public sealed class BlockLease : IDisposable
{
    private readonly BlockStore store;
    private readonly List<ManifestId> held = [];
    private readonly Lock gate = new();

    internal BlockLease(BlockStore store, uint epoch)
    {
        this.store = store;
        Epoch = epoch;
    }

    internal uint Epoch { get; }

    internal IReadOnlyList<ManifestId> Held
    {
        get
        {
            lock (gate) return [.. held];
        }
    }

    /// <summary>Keeps a manifest and all it reaches.</summary>
    public void Hold(ManifestId id)
    {
        lock (gate) held.Add(id);
    }

    /// <inheritdoc/>
    public void Dispose() => store.Release(this);
}
