using System.Collections.Concurrent;
using Kiln.Blocks.Collection;
using Kiln.Service.Ec2.Encryption;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The scrubs of this node's stores, one a Region, and where each finds second copies.</summary>
public sealed class Scrubs(RegionStores stores, VolumeDevices devices, StoreRoots roots, KeyRing ring)
{
    private readonly ConcurrentDictionary<string, Scrub> _regions = new(StringComparer.Ordinal);

    /// <summary>Those that were used by this process.</summary>
    public IEnumerable<KeyValuePair<string, Scrub>> Known => _regions;

    /// <summary>The scrub of a Region.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Unavailable (503): its store cannot be opened.</exception>
    public Scrub Of(string region)
    {
        var store = stores.Of(region);
        return _regions.GetOrAdd(region, _ => new Scrub(store));
    }

    /// <summary>How a Region is checked and repaired: with the keys that are at hand, from the other Regions and from
    /// volumes that are open.</summary>
    public CheckOptions Options(string region) => new()
    {
        Keys = ring.Find,
        Roots = () => roots.Of(region),
        RepairFrom = [.. stores.Present.Where(r => r != region).Select(stores.TryOf).OfType<Blocks.BlockStore>()],
        LocalCopies = devices.TryReadLocal,
    };
}
