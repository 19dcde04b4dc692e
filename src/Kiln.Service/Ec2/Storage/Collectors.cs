using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The collections of this node's stores, one a Region.</summary>
public sealed class Collectors(
    RegionStores stores, VolumeDevices devices, StoreRoots roots, ServiceOptions options,
    [FromKeyedServices("wall")] TimeProvider wall)
{
    private readonly ConcurrentDictionary<string, RegionCollector> _regions = new(StringComparer.Ordinal);

    /// <summary>Those that were used by this process.</summary>
    public IEnumerable<KeyValuePair<string, RegionCollector>> Known => _regions;

    /// <summary>The collection of a Region.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Unavailable (503): its store cannot be opened.</exception>
    public RegionCollector Of(string region)
    {
        var store = stores.Of(region);
        return _regions.GetOrAdd(region, _ => new RegionCollector(store, () => roots.Of(region), new CollectionOptions
        {
            Grace = Collection.Grace,
            TrashTime = TimeSpan.FromSeconds(options.TrashSeconds),
            VolumesDirectory = devices.VolumesOf(region),
            CompactLimit = options.CompactMiBPerSecond == 0
                ? null : new BandwidthLimit((long)options.CompactMiBPerSecond << 20, wall),
        }));
    }
}
