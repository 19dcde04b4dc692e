using System.Diagnostics.Metrics;
using Kiln.Blocks.Metrics;

namespace Kiln.Blocks.Nbd;

/// <summary>What all connections of a process have served. Connections add to it once a batch of replies.</summary>
public sealed class NbdCounters
{
    /// <summary>Requests of which the time is taken: one in so many, or the clock would cost more than some
    /// requests.</summary>
    public const int SampleEvery = 64;

    // By command type as the protocol numbers them; what is beyond counts as the last.
    private static readonly string[] Types =
        ["read", "write", "disconnect", "flush", "trim", "cache", "zero", "status"];

    private readonly long[] requests = new long[Types.Length];
    private readonly Histogram<double> durations;
    private readonly TimeProvider clock;
    private long readBytes;
    private long writtenBytes;
    private long connections;

    /// <summary>Makes the instruments.</summary>
    public NbdCounters(Meter meter, TimeProvider clock)
    {
        this.clock = clock;
        durations = Durations.Of(
            meter, "kiln.nbd.request.duration", "From a request to its reply, by type; one request in 64.");
        meter.CreateObservableUpDownCounter(
            "kiln.nbd.connections", () => Volatile.Read(ref connections), "{connection}", "Open NBD connections.");
        meter.CreateObservableCounter("kiln.nbd.requests", Requests, "{request}", "NBD requests, by type.");
        meter.CreateObservableCounter(
            "kiln.nbd.bytes", Bytes, "By", "Bytes that guests read and wrote, by direction: read or write.");
    }

    internal static int TypeCount => Types.Length;

    internal void Opened() => Interlocked.Increment(ref connections);

    internal void Closed() => Interlocked.Decrement(ref connections);

    internal void Add(int type, long count) => Interlocked.Add(ref requests[type], count);

    internal void AddBytes(long read, long written)
    {
        if (read != 0) Interlocked.Add(ref readBytes, read);
        if (written != 0) Interlocked.Add(ref writtenBytes, written);
    }

    internal long Now() => clock.GetTimestamp();

    internal void Took(int type, long since) => durations.Record(
        clock.GetElapsedTime(since).TotalSeconds, new KeyValuePair<string, object?>("type", Types[type]));

    private IEnumerable<Measurement<long>> Requests()
    {
        for (var type = 0; type < Types.Length; type++)
        {
            if (Volatile.Read(ref requests[type]) is > 0 and var count)
                yield return new Measurement<long>(count, new KeyValuePair<string, object?>("type", Types[type]));
        }
    }

    private IEnumerable<Measurement<long>> Bytes() =>
    [
        new(Volatile.Read(ref readBytes), new KeyValuePair<string, object?>("direction", "read")),
        new(Volatile.Read(ref writtenBytes), new KeyValuePair<string, object?>("direction", "write")),
    ];
}
