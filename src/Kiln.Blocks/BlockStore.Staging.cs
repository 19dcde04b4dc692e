using System.Collections.Concurrent;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

// Snapshots that clients put block by block.
public sealed partial class BlockStore
{
    private readonly ConcurrentDictionary<string, StagedSnapshot> staged = new(StringComparer.Ordinal);

    /// <summary>Ids of all staged snapshots, open in this process or left by an earlier one.</summary>
    public IReadOnlyList<string> StagedIds =>
        [.. backend.List(StagingFormat.Folder).Where(f => f.EndsWith(".journal", StringComparison.Ordinal))
            .Select(f => f[..^".journal".Length])];

    /// <summary>Starts a staged snapshot. Its journal is there when this returns.</summary>
    /// <exception cref="IOException">One of this id exists.</exception>
    public StagedSnapshot Stage(string id, long volumeBlocks, KeyDomain? domain, ManifestId? parent = null)
    {
        CheckStagedId(id);
        if (volumeBlocks is <= 0 or > ManifestFormat.VolumeBlocksMax)
            throw new ArgumentOutOfRangeException(nameof(volumeBlocks));
        if (parent is { } parentId)
        {
            var manifest = OpenManifest(parentId);
            if (manifest.DomainId != domain?.Id || manifest.VolumeBlocks > volumeBlocks)
                throw new ArgumentException("A parent must be of the same key domain and not larger.", nameof(parent));
        }

        // Until the journal with its header is there, the lease keeps the parent.
        using var lease = Lease();
        if (parent is { } held) lease.Hold(held);
        var name = StagingFormat.NameOf(id);
        lock (staged)
        {
            if (backend.Exists(name)) throw new IOException($"{id} is staged already.");

            // With its header or not at all: one without would hide what is reachable from collection.
            backend.WriteAtomic(name, StagingFormat.Header(volumeBlocks, domain?.Id, parent));
            return staged[id] = new StagedSnapshot(this, id, backend.Open(name), volumeBlocks, domain, parent);
        }
    }

    /// <summary>Finds a staged snapshot, opening its journal if an earlier process left it; null when none.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="keys">Gives the key domain of an id; called when the journal is opened and sealed.</param>
    /// <exception cref="BlockCorruptException">The journal's header is damaged.</exception>
    public StagedSnapshot? OpenStaged(string id, Func<string, KeyDomain> keys)
    {
        CheckStagedId(id);
        lock (staged)
        {
            if (staged.TryGetValue(id, out var open)) return open;
            if (OpenJournal(id) is not { } journal) return null;
            try
            {
                var (volumeBlocks, domainId, parent) = StagingFormat.ReadHeader(journal);
                var domain = domainId is null ? null : keys(domainId);
                return staged[id] = new StagedSnapshot(this, id, journal, volumeBlocks, domain, parent);
            }
            catch
            {
                journal.Dispose();
                throw;
            }
        }
    }

    /// <summary>Deletes the journal of a staging, open or not; a committed manifest stays. None of that id is
    /// fine.</summary>
    public void DiscardStaged(string id)
    {
        CheckStagedId(id);
        lock (staged)
        {
            if (staged.TryGetValue(id, out var open)) open.Discard();
            else if (backend.Exists(StagingFormat.NameOf(id))) backend.Delete(StagingFormat.NameOf(id));
        }
    }

    /// <summary>Waits until every put that began before has its journal entry: see docs/life-of-a-block.md.</summary>
    internal void DrainStaged()
    {
        foreach (var snapshot in staged.Values) snapshot.Drain();
    }

    internal void Closed(StagedSnapshot snapshot) => staged.TryRemove(snapshot.Id, out _);

    private static void CheckStagedId(string id)
    {
        if (!StagingFormat.IsValidId(id)) throw new ArgumentException($"'{id}' cannot name a staging.", nameof(id));
    }
}
