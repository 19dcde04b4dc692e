using System.Security.Cryptography;
using System.Text;
using Kiln.Blocks;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;
using Kiln.Simulation.Disks;

namespace Kiln.Simulation.Worlds;

/// <summary>One process on a disk: the stores of two Regions and the volumes that are open.</summary>
internal sealed class Machine : IDisposable
{
    internal const int Regions = 2;

    // One of each: then a run depends on nothing but its seed.
    private static readonly BlockStoreOptions Options = new()
    {
        SegmentBytes = 1 << 20, Writers = 1, Workers = 1, CacheBytes = 1 << 20,
    };

    private static readonly Dictionary<string, KeyDomain> Domains =
        new[] { "key-1", "key-2" }.ToDictionary(id => id, id => new KeyDomain(
            id, SHA256.HashData(Encoding.UTF8.GetBytes("key " + id)),
            SHA256.HashData(Encoding.UTF8.GetBytes("salt " + id))));

    private readonly List<BlockStore> stores = [];

    /// <summary>Opens the stores.</summary>
    internal Machine(ModelDisk disk, Faults faults, SimulatedClock clock)
    {
        Disk = disk;
        Faults = faults;
        Clock = clock;
        try
        {
            for (var region = 0; region < Regions; region++)
                stores.Add(BlockStore.Open(Folder($"region-{region}"), Options, Clock));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal ModelDisk Disk { get; }

    internal Faults Faults { get; }

    internal SimulatedClock Clock { get; }

    internal Dictionary<string, VolumeDevice> Volumes { get; } = [];

    internal BlockStore Store(int region) => stores[region];

    internal static KeyDomain? Domain(string? id) => id is null ? null : Domains[id];

    internal DiskFolder Folder(string name) => new(Disk, name, Faults);

    internal bool HasVolume(string name) => Disk.Exists($"{name}/volume");

    internal VolumeDevice Make(string name, int region, long sizeBytes, ManifestId? manifest, string? domain) =>
        Volumes[name] = VolumeDevice.Create(
            Folder(name), sizeBytes, manifest, Store(region), k => Domains[k], Clock, domain);

    internal VolumeDevice OpenVolume(string name, int region) =>
        Volumes[name] = VolumeDevice.Open(Folder(name), Store(region), k => Domains[k], Clock);

    internal void CloseVolume(string name)
    {
        if (Volumes.Remove(name, out var device)) device.Dispose();
    }

    /// <summary>Goes on from a stop of the stores alone.</summary>
    internal void ReopenStore(int region)
    {
        stores[region].Dispose();
        stores[region] = BlockStore.Open(Folder($"region-{region}"), Options, Clock);
    }

    /// <summary>What collection must keep besides what the stores know: rows, and the bases that volumes' records name,
    /// which an open volume may not know after it could not be saved.</summary>
    internal IEnumerable<ManifestId> Roots(int region, Promises promises)
    {
        foreach (var snapshot in promises.Snapshots.Values.Where(s => s.Region == region))
            yield return snapshot.Manifest;
        foreach (var (name, volume) in promises.Volumes)
        {
            if (volume.Region != region || !HasVolume(name)) continue;
            if (VolumeRecord.Read(Folder(name)).BaseId is { } id) yield return id;
        }
    }

    public void Dispose()
    {
        foreach (var name in Volumes.Keys.ToList()) CloseVolume(name);
        foreach (var store in stores) store.Dispose();
    }
}
