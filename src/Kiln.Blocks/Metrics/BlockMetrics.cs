using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Kiln.Blocks.Loading;
using Kiln.Blocks.Nbd;

namespace Kiln.Blocks.Metrics;

/// <summary>The instruments of the data plane. Every one has at most the store's name as a label.</summary>
/// <remarks>
/// What happens often is counted by the stores themselves and only read when somebody asks; a histogram is fed once a
/// block (half a millisecond of work), never once a request of a guest.
/// </remarks>
public sealed class BlockMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Kiln.Blocks";

    private readonly ConcurrentDictionary<BlockStore, KeyValuePair<string, object?>> stores = new();
    private readonly Meter meter;
    private readonly Histogram<double> puts;
    private readonly Histogram<double> syncs;
    private readonly Histogram<double> pulls;
    private readonly Histogram<double> flushes;

    /// <summary>Makes the instruments on a meter of <see cref="MeterName"/>.</summary>
    /// <param name="meter">The meter.</param>
    /// <param name="wall">The wall clock.</param>
    public BlockMetrics(Meter meter, TimeProvider wall)
    {
        this.meter = meter;
        Nbd = new NbdCounters(meter, wall);
        flushes = Durations.Of(meter, "kiln.volume.flush.duration", "A guest's flush: its writes made durable.");
        puts = Durations.Of(meter, "kiln.store.put.duration", "Storing a block: hash, compress, seal, append.");
        syncs = Durations.Of(meter, "kiln.store.sync.duration", "Making everything put so far durable.");
        pulls = Durations.Of(meter, "kiln.store.pull.duration", "Reading a block or frame that was not in the cache.");
        Counter("kiln.store.put.bytes", "By", "Plain bytes of blocks offered, without zeros.", s => s.OfferedBytes);
        Counter("kiln.store.puts", "{record}", "Blocks and pages offered.", s => s.Statistics.Puts);
        Counter("kiln.store.dedup.hits", "{record}", "Of those, already there.", s => s.Statistics.DedupHits);
        Counter("kiln.store.packed.bytes", "By", "Plain bytes of what was stored anew.", s => s.Statistics.PlainBytes);
        Counter("kiln.store.stored.bytes", "By", "What those became on disk.", s => s.Statistics.StoredBytes);
        Counter("kiln.store.read.bytes", "By", "Bytes of whole blocks read and verified.", s => s.VerifiedBytes);
        Counter(
            "kiln.store.read.damaged", "{read}", "Reads that a check refused; nothing was served.",
            s => s.DamagedReads);
        Counter(
            "kiln.store.given_up.segments", "{file}", "Segments left because a write or sync of them failed.",
            s => s.GivenUpSegments);
        Counter(
            "kiln.store.lost.records", "{record}", "Records lost to such a failure before anything was built on them.",
            s => s.LostRecords);
        Counter("kiln.copy.bytes", "By", "Stored bytes that arrived by copies.", s => s.CopiedBytes);
        Counter("kiln.cache.hits", "{frame}", "Frames of 64 KiB served from memory.", s => s.Cache.Hits);
        Counter("kiln.cache.pulls", "{frame}", "Frames pulled from the store.", s => s.Cache.Pulls);
        Counter(
            "kiln.trash.alarms", "{file}", "Files needed again after they had been collected: always an alarm.",
            s => s.TrashReads);
        Gauge("kiln.cache.bytes", "By", "Memory that the cache of frames takes.", s => s.Cache.Bytes);
        Gauge(
            "kiln.load.traces", "{volume}", "Volumes that are getting what their image's boots have read.",
            s => s.Loader.CountOf(LoadKind.Trace));
        Gauge(
            "kiln.load.hydrations", "{volume}", "Volumes that are getting all the rest, ahead of being asked.",
            s => s.Loader.CountOf(LoadKind.Hydration));
        Gauge("kiln.store.records", "{record}", "Blocks and pages in the store.", s => s.Statistics.Records);
        Gauge("kiln.store.segments", "{file}", "Segment files.", s => s.Statistics.Segments);
        Gauge("kiln.store.segment.bytes", "By", "Bytes of the segment files.", s => s.SegmentBytes);
        Gauge(
            "kiln.store.quarantined", "{record}", "Damaged records without an intact copy.",
            s => s.QuarantinedRecords);
    }

    /// <summary>What NBD connections add to.</summary>
    public NbdCounters Nbd { get; }

    internal void Flushed(BlockStore store, long since) => Record(flushes, store, since);

    internal void Add(BlockStore store) =>
        stores[store] = new KeyValuePair<string, object?>("region", store.Options.Name);

    internal void Remove(BlockStore store) => stores.TryRemove(store, out _);

    internal void Put(BlockStore store, long since) => Record(puts, store, since);

    internal void Synced(BlockStore store, long since) => Record(syncs, store, since);

    internal void Pulled(BlockStore store, long since) => Record(pulls, store, since);

    private void Record(Histogram<double> histogram, BlockStore store, long since)
    {
        if (histogram.Enabled && stores.TryGetValue(store, out var label))
            histogram.Record(store.Clock.GetElapsedTime(since).TotalSeconds, label);
    }

    private void Counter(string name, string unit, string text, Func<BlockStore, long> value) =>
        meter.CreateObservableCounter(name, () => Observe(value), unit, text);

    private void Gauge(string name, string unit, string text, Func<BlockStore, long> value) =>
        meter.CreateObservableGauge(name, () => Observe(value), unit, text);

    private IEnumerable<Measurement<long>> Observe(Func<BlockStore, long> value)
    {
        foreach (var (store, label) in stores)
        {
            long now;
            try
            {
                now = value(store);
            }
            catch (Exception gone) when (gone is ObjectDisposedException or IOException)
            {
                // Closed while we asked.
                continue;
            }

            yield return new Measurement<long>(now, label);
        }
    }
}
