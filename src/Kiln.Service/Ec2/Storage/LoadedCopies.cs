using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Snapshots unpacked on this node's disks, <c>DATA/REGION/loaded/MANIFEST</c>: what hydration and fast
/// restores load, once for all volumes of a snapshot.</summary>
/// <remarks>
/// Each is a volume that nobody writes to; those made from the same manifest under the same key hold links to its
/// files, so ten of them take the space, and the page cache, of one. It is kept as long as a volume or a fast restore
/// of its manifest is there. Thread-safe.
/// </remarks>
public sealed class LoadedCopies(
    RegionStores stores, OpenBackend disks, KeyRing ring, Transfers transfers, NodeIdentity node, TimeProvider clock)
    : IDisposable
{
    private readonly ConcurrentDictionary<string, int> _rates = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>The folder of a copy, there or not.</summary>
    public string FolderOf(LoadedCopy copy) => Path.Combine(AllOf(copy.Region), copy.ManifestId);

    /// <summary>The loading under way in this process, or null.</summary>
    public Transfer? Find(LoadedCopy copy) => transfers.Find(copy.Key);

    /// <summary>Whether a copy is complete.</summary>
    public bool IsLoaded(LoadedCopy copy) => Find(copy) is null && VolumeDevice.IsLoaded(FolderOf(copy));

    /// <summary>Whether a copy is there, on its way, or can be loaded: the snapshot's manifest may be gone while a
    /// volume that was made from it lives on above its own.</summary>
    public bool MayLoad(LoadedCopy copy) => Find(copy) is not null || IsLoaded(copy)
        || stores.Of(copy.Region).HasManifest(new ManifestId(copy.ManifestId));

    /// <summary>Sees to it that a copy is loaded. The data key, if any, must be open. Call it again until it is
    /// there.</summary>
    /// <param name="copy">The copy.</param>
    /// <param name="mibPerSecond">The least rate that the caller needs; 0 for as fast as it goes. A load under way that
    /// is slower goes on at this rate.</param>
    /// <param name="cancel">Ends the wait, not the load.</param>
    /// <returns>Whether it is there.</returns>
    /// <exception cref="BlockStoreException">A block is damaged, or the disk is full.</exception>
    public async Task<bool> Load(LoadedCopy copy, int mibPerSecond, CancellationToken cancel)
    {
        await _gate.WaitAsync(cancel);
        try
        {
            if (transfers.Find(copy.Key) is { } running)
            {
                if (running.Outcome.IsCompleted)
                {
                    await transfers.Forget(copy.Key);
                    await running.Outcome;
                    return VolumeDevice.IsLoaded(FolderOf(copy));
                }
                var rate = _rates.GetValueOrDefault(copy.Key);
                if (rate == 0 || (mibPerSecond != 0 && mibPerSecond <= rate))
                    return false;
                await transfers.Forget(copy.Key);
            }
            if (VolumeDevice.IsLoaded(FolderOf(copy)))
                return true;
            _rates[copy.Key] = mibPerSecond;
            transfers.Start(copy.Key, null, (progress, stop) => Run(copy, mibPerSecond, progress, stop));
            return false;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Removes the copies of a Region that no volume and no fast restore needs, and those that were never
    /// finished and nobody waits for.</summary>
    public async Task Sweep(string region, Db db, CancellationToken cancel)
    {
        if (!Directory.Exists(AllOf(region)))
            return;
        await _gate.WaitAsync(cancel);
        try
        {
            var wanted = (await db.Volumes.Where(v => v.Region == region && v.NodeId == node.Id
                && v.BaseManifestId != null).Select(v => v.BaseManifestId!).Distinct().ToListAsync(cancel))
                .ToHashSet(StringComparer.Ordinal);
            wanted.UnionWith((await db.FastSnapshotRestores.Where(f => f.Region == region && f.NodeId == node.Id)
                .ToListAsync(cancel)).Where(f => f.IsWanted).Select(f => f.ManifestId));
            foreach (var folder in Directory.EnumerateDirectories(AllOf(region)))
            {
                var manifest = Path.GetFileName(folder);
                if (wanted.Contains(manifest))
                    continue;
                await transfers.Forget($"{region}/{manifest}");
                VolumeDevice.Delete(folder);
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private async Task<TransferOutcome> Run(
        LoadedCopy copy, int mibPerSecond, IProgress<TransferProgress> progress, CancellationToken stop)
    {
        var folder = FolderOf(copy);
        var (store, id) = (stores.Of(copy.Region), new ManifestId(copy.ManifestId));
        // What a start left that died before the record was written is no volume.
        if (!VolumeDevice.Exists(folder) && Directory.Exists(folder))
            Directory.Delete(folder, recursive: true);
        RegionStores.MakePrivate(folder);
        using var device = VolumeDevice.Exists(folder)
            ? VolumeDevice.Open(disks(folder), store, ring.Get, clock)
            : VolumeDevice.Create(
                disks(folder), VolumeDevices.Bytes(copy.SizeGiB), id, store, ring.Get, clock, copy.DataKeyId);
        await device.HydrateAsync((long)mibPerSecond << 20, progress, stop);
        return new TransferOutcome(id, 0);
    }

    private string AllOf(string region) => Path.Combine(stores.FolderOf(region), "loaded");
}
