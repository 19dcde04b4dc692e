using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The collection of one Region's store on this node: moved by <see cref="Collection"/>, asked for by the
/// operator.</summary>
/// <remarks>A dry run takes its turn between two passes: both mark, and marks must not mix. Thread-safe.</remarks>
public sealed class RegionCollector(
    BlockStore store, Func<IEnumerable<ManifestId>> roots, CollectionOptions how)
{
    /// <summary>Reports of asked-for passes that are kept for whoever asked.</summary>
    private const int KeptMax = 16;

    private readonly Collector _collector = new(store);
    private readonly Lock _gate = new();
    private readonly List<(long Ticket, bool DryRun)> _asked = [];
    private readonly SortedDictionary<long, CollectionReport> _done = [];
    private List<long> _served = [];
    private bool _dryRun;
    private long _lastTicket;

    /// <summary>What is under way, and what was done last.</summary>
    public CollectionState State => _collector.State;

    /// <summary>True when what is under way changes nothing.</summary>
    public bool IsDryRun => Volatile.Read(ref _dryRun) && _collector.UnderWay;

    /// <summary>The store that is collected.</summary>
    public BlockStore Store => store;

    /// <summary>When the last pass said that the next is worth while; null before the first of this
    /// process.</summary>
    public DateTimeOffset? DueAt { get; set; }

    /// <summary>Asks for a pass that begins from now on; answers its ticket.</summary>
    public long Ask(bool dryRun)
    {
        lock (_gate)
        {
            _asked.Add((++_lastTicket, dryRun));
            return _lastTicket;
        }
    }

    /// <summary>True when somebody waits for a pass that has not begun.</summary>
    public bool IsAsked
    {
        get
        {
            lock (_gate) return _asked.Count > 0;
        }
    }

    /// <summary>Whether a ticket was given by this process, and its report once the pass is through.</summary>
    public bool TryFind(long ticket, out CollectionReport? report)
    {
        lock (_gate)
        {
            report = _done.GetValueOrDefault(ticket);
            return report is not null || _served.Contains(ticket) || _asked.Exists(a => a.Ticket == ticket);
        }
    }

    /// <summary>Moves the pass under way, or begins one, for about so long; its report when it is through.</summary>
    /// <exception cref="IOException">As <see cref="Collector.Step"/>; the next step begins anew.</exception>
    public CollectionReport? Step(TimeSpan budget, CancellationToken cancel)
    {
        if (!_collector.UnderWay)
            Begin();
        if (_collector.Step(budget, cancel) is not { } report)
            return null;
        lock (_gate)
        {
            foreach (var ticket in _served)
                _done[ticket] = report;
            _served = [];
            while (_done.Count > KeptMax)
                _done.Remove(_done.First().Key);
        }
        return report;
    }

    private void Begin()
    {
        lock (_gate)
        {
            // Those of a pass that failed are served by the one that is begun anew.
            var dry = _served.Count > 0 ? _dryRun : _asked.Exists(a => a.DryRun);
            _served.AddRange(_asked.Where(a => a.DryRun == dry).Select(a => a.Ticket));
            _asked.RemoveAll(a => a.DryRun == dry);
            Volatile.Write(ref _dryRun, dry);
            _collector.Begin(roots, how with { DryRun = dry });
        }
    }
}
