using System.Diagnostics.Metrics;
using Kiln.Blocks.Nbd;

namespace Kiln.Blocks.Metrics;

/// <summary>The instruments of NBD, that is, of what guests and block tools do.</summary>
/// <remarks>Each connection counts for itself, without a lock; its numbers are only added up when somebody
/// asks.</remarks>
public sealed class NbdMetrics
{
    private readonly Lock gate = new();
    private readonly HashSet<NbdTally> live = [];
    private readonly Histogram<double> durations;
    private readonly NbdTally ended = new();

    /// <summary>Makes the instruments on a meter of <see cref="BlockMetrics.MeterName"/>.</summary>
    public NbdMetrics(Meter meter)
    {
        durations = Durations.Of(
            meter, "kiln.nbd.request.duration", "From a request to its reply, of every 64th request.");
        meter.CreateObservableGauge(
            "kiln.nbd.connections", () => Read(_ => 1, _ => 0), "{connection}", "Connections to volumes.");
        meter.CreateObservableCounter(
            "kiln.nbd.requests", () => Read(t => t.Requests, t => t.Requests), "{request}", "Requests taken.");
        meter.CreateObservableCounter(
            "kiln.nbd.bytes",
            () => new[]
            {
                new Measurement<long>(
                    Read(t => t.ReadBytes, t => t.ReadBytes), new KeyValuePair<string, object?>("direction", "read")),
                new Measurement<long>(
                    Read(t => t.WrittenBytes, t => t.WrittenBytes),
                    new KeyValuePair<string, object?>("direction", "write")),
            },
            "By", "Bytes of reads and writes that were asked for.");
    }

    internal NbdTally Begin()
    {
        var tally = new NbdTally { Durations = durations };
        lock (gate) live.Add(tally);
        return tally;
    }

    internal void End(NbdTally tally)
    {
        lock (gate)
        {
            if (!live.Remove(tally)) return;
            ended.Requests += tally.Requests;
            ended.ReadBytes += tally.ReadBytes;
            ended.WrittenBytes += tally.WrittenBytes;
        }
    }

    private long Read(Func<NbdTally, long> ofLive, Func<NbdTally, long> ofEnded)
    {
        lock (gate) return live.Sum(ofLive) + ofEnded(ended);
    }
}
