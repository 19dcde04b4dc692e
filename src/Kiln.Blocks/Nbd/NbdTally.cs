using System.Diagnostics.Metrics;

namespace Kiln.Blocks.Nbd;

/// <summary>What one connection did. Written by its thread alone; others may read it at any time.</summary>
internal sealed class NbdTally
{
    // Often enough for a percentile of a busy guest, and too seldom to be felt by it.
    private const int TimedEvery = 64;

    internal long Requests { get; set; }

    internal long ReadBytes { get; set; }

    internal long WrittenBytes { get; set; }

    internal Histogram<double>? Durations { get; init; }

    /// <summary>Counts a request; true when it should be timed.</summary>
    internal bool Count(ushort type, uint length)
    {
        if (type == NbdProtocol.CommandRead) ReadBytes += length;
        else if (type == NbdProtocol.CommandWrite) WrittenBytes += length;
        return ++Requests % TimedEvery == 0 && Durations is { Enabled: true };
    }
}
