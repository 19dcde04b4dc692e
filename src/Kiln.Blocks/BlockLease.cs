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
    private readonly long lostBefore;

    internal BlockLease(BlockStore store, uint epoch)
    {
        this.store = store;
        lostBefore = store.LostRecords;
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

    /// <summary>Makes everything put under it durable; what a commit may be built on.</summary>
    /// <exception cref="StoreReadOnlyException">The disk fails, or failed since the lease was taken and something was
    /// lost that nobody had made durable: begin anew, under another lease.</exception>
    internal void Sync()
    {
        store.Sync();
        if (store.LostRecords != lostBefore)
            throw new StoreReadOnlyException("The disk failed, and has lost blocks of it: they must be put again.");
    }

    /// <inheritdoc/>
    public void Dispose() => store.Release(this);
}
