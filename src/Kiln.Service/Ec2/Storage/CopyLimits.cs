using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Service.Work;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The rates that copies between Regions keep to: each copy, and all copies between two Regions
/// together.</summary>
/// <remarks>They begin as the settings say; an operator may change them while copies run. Thread-safe.</remarks>
public sealed class CopyLimits(ServiceOptions options, DomainClock clock)
{
    private readonly ConcurrentDictionary<string, BandwidthLimit> _copies = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string From, string To), BandwidthLimit> _pairs = new();
    private int _eachMiB = options.CopyMiBPerSecond;
    private int _pairMiB = options.CopyPairMiBPerSecond;

    /// <summary>MiB/s of one copy; 0 for no limit.</summary>
    public int EachMiBPerSecond
    {
        get => Volatile.Read(ref _eachMiB);
        set
        {
            Volatile.Write(ref _eachMiB, value);
            foreach (var limit in _copies.Values)
                limit.BytesPerSecond = Bytes(value);
        }
    }

    /// <summary>MiB/s of all copies between two Regions, one way; 0 for no limit.</summary>
    public int PairMiBPerSecond
    {
        get => Volatile.Read(ref _pairMiB);
        set
        {
            Volatile.Write(ref _pairMiB, value);
            foreach (var limit in _pairs.Values)
                limit.BytesPerSecond = Bytes(value);
        }
    }

    /// <summary>The stricter of the two; 0 where there is none.</summary>
    public int LeastMiBPerSecond => (EachMiBPerSecond, PairMiBPerSecond) switch
    {
        (0, var pair) => pair,
        (var each, 0) => each,
        var (each, pair) => Math.Min(each, pair),
    };

    /// <summary>The limits of a copy. Within a Region nothing travels, so nothing is limited.</summary>
    public IReadOnlyList<BandwidthLimit> Of(string copyId, string from, string to) => from == to ? [] :
    [
        _copies.GetOrAdd(copyId, _ => new BandwidthLimit(Bytes(EachMiBPerSecond), clock.Wall)),
        _pairs.GetOrAdd((from, to), _ => new BandwidthLimit(Bytes(PairMiBPerSecond), clock.Wall)),
    ];

    /// <summary>A copy has ended.</summary>
    public void Forget(string copyId) => _copies.TryRemove(copyId, out _);

    private static long Bytes(int mib) => (long)mib << 20;
}
