using System.Diagnostics.Metrics;
using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Service.Ec2.Storage;
using static Kiln.Service.Metrics.ServiceMetrics;

namespace Kiln.Service.Metrics;

/// <summary>What metrics tell of disks, transfers, collection and scrub: read when somebody asks.</summary>
public sealed class StorageGauges
{
    /// <summary>Transfers that are shown one by one, the largest first; the rest only count.</summary>
    public const int SlotsMax = 8;

    private readonly RegionStores _stores;
    private readonly Collectors _collectors;
    private readonly Scrubs _scrubs;
    private readonly Transfers _transfers;
    private readonly BytesInFlight _inFlight;
    private readonly ServiceOptions _options;
    private readonly TimeProvider _clock;
    private readonly Meter _meter;

    /// <summary>Makes the instruments.</summary>
    public StorageGauges(
        IMeterFactory meters, RegionStores stores, Collectors collectors, Scrubs scrubs, Transfers transfers,
        BytesInFlight inFlight, ServiceOptions options, TimeProvider clock)
    {
        (_stores, _collectors, _scrubs, _transfers, _inFlight) = (stores, collectors, scrubs, transfers, inFlight);
        (_options, _clock, _meter) = (options, clock, meters.Create(MeterName));
        Disks();
        Transfer();
        Collection();
        Scrub();
    }

    private void Disks()
    {
        _meter.CreateObservableGauge(
            "kiln.disk.free.bytes", () => DiskOf(d => d.AvailableFreeSpace), "By", "Free bytes where the data lies.");
        _meter.CreateObservableGauge(
            "kiln.disk.size.bytes", () => DiskOf(d => d.TotalSize), "By", "Size of that file system.");
        _meter.CreateObservableGauge(
            "kiln.regions.open", () => _stores.OpenStores.Count, "{region}", "Regions whose store is open.");
    }

    private void Transfer()
    {
        _meter.CreateObservableGauge(
            "kiln.transfers", () => _transfers.Running.Count, "{transfer}", "Uploads and copies under way.");
        _meter.CreateObservableGauge(
            "kiln.bytes_in_flight", () => _inFlight.Taken, "By",
            "Memory of uploads, copies and large request bodies: never above --in-flight-mib.");
        _meter.CreateObservableGauge(
            "kiln.bytes_in_flight.waiting", () => _inFlight.Waiting, "{transfer}", "How many wait for a share of it.");
        _meter.CreateObservableGauge(
            "kiln.transfer.size.bytes", () => Slots(t => t.BytesTotal), "By",
            "Bytes of the largest of them, by slot: 1 to 8.");
        _meter.CreateObservableGauge(
            "kiln.transfer.done", () => Slots(t => t.Percent / 100.0), "1", "How far each of those is, 0 to 1.");
    }

    private void Collection()
    {
        Collect("kiln.collection.stage", "1", "0 idle, 1 roots, 2 mark, 3 sweep manifests, 4 sweep segments, "
            + "5 compact, 6 purge.", c => (int)c.State.Stage);
        Collect("kiln.collection.age", "s", "Since the last whole collection ended.", c => Age(c.State.FinishedAt));
        Collect("kiln.collection.live.bytes", "By", "Bytes that it found in use.", c => c.State.Last?.LiveBytes);
        Collect("kiln.collection.dead.bytes", "By", "Bytes that it found unused.", c => c.State.Last?.DeadBytes);
        Collect(
            "kiln.collection.freed.bytes", "By", "Bytes that it moved to the trash.", c => c.State.Last?.FreedBytes);
        Collect("kiln.collection.moved.bytes", "By", "Bytes that it moved to compact.", c => c.State.Last?.MovedBytes);
        Collect("kiln.collection.missing", "{record}", "Blocks that it found needed and not there.",
            c => c.State.Last?.MissingRecords);
        Collect("kiln.collection.interrupted", "{pass}", "Passes that were begun anew.", c => c.State.Interrupted);
        Collect("kiln.trash.files", "{file}", "Files in the trash after it.", c => c.State.Last?.TrashFiles);
        Collect("kiln.trash.bytes", "By", "Bytes of those.", c => c.State.Last?.TrashBytes);
    }

    private void Scrub()
    {
        Scrubbed("kiln.scrub.phase", "1", "0 idle, 1 segments, 2 manifests.", s => (int)s.Phase);
        Scrubbed("kiln.scrub.age", "s", "Since the last whole scrub ended; of a store that never had one, since it was "
            + "first looked at.", s => Age(s.FinishedAt ?? s.FirstSeenAt));
        Scrubbed("kiln.scrub.never", "1", "1 while no scrub has ended yet.", s => s.FinishedAt is null ? 1 : 0);
        Scrubbed("kiln.scrub.read.bytes", "By", "Bytes read by the pass under way, or the last.", s => s.BytesRead);
        Scrubbed("kiln.scrub.size.bytes", "By", "Bytes that it reads in all.", s => s.BytesTotal);
        Scrubbed("kiln.scrub.problems", "{problem}", "Problems that it found.", s => s.ProblemCount);
        Scrubbed("kiln.scrub.repaired", "{problem}", "Of those, repaired from another copy.", s => s.RepairedCount);
    }

    private double? Age(DateTimeOffset? since) => since is { } at ? (_clock.GetUtcNow() - at).TotalSeconds : null;

    private void Collect(string name, string unit, string text, Func<RegionCollector, double?> value) =>
        _meter.CreateObservableGauge(name, () => Of(_collectors.Known, value), unit, text);

    private void Scrubbed(string name, string unit, string text, Func<ScrubState, double?> value) =>
        _meter.CreateObservableGauge(name, () => Of(_scrubs.Known, s => value(s.State)), unit, text);

    private static IEnumerable<Measurement<double>> Of<T>(
        IEnumerable<KeyValuePair<string, T>> known, Func<T, double?> value)
    {
        foreach (var (region, of) in known)
        {
            if (value(of) is { } now)
                yield return new Measurement<double>(now, Label("region", region));
        }
    }

    private IEnumerable<Measurement<double>> Slots(Func<Ec2.Storage.Transfer, double> value)
    {
        var slot = 0;
        foreach (var transfer in _transfers.Running.OrderByDescending(t => t.BytesTotal).Take(SlotsMax))
        {
            yield return new Measurement<double>(
                value(transfer), Label("slot", (++slot).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    private IEnumerable<Measurement<long>> DiskOf(Func<DriveInfo, long> value)
    {
        long now;
        try
        {
            now = value(new DriveInfo(Path.GetFullPath(_options.Data)));
        }
        catch (Exception lost) when (lost is IOException or UnauthorizedAccessException)
        {
            yield break;
        }
        yield return new Measurement<long>(now);
    }
}
