using System.Diagnostics.Metrics;

namespace Kiln.Blocks.Metrics;

/// <summary>Histograms of durations, all with the same bounds, so that they can be set side by side.</summary>
public static class Durations
{
    /// <summary>Upper bounds in seconds: 1, 2, 5 of each decade from 10 µs (a cached read) to 10 s (a step's
    /// limit).</summary>
    public static readonly IReadOnlyList<double> Bounds =
    [
        1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 0.1, 0.2, 0.5, 1, 2, 5, 10,
    ];

    /// <summary>Makes one.</summary>
    public static Histogram<double> Of(Meter meter, string name, string text) => meter.CreateHistogram(
        name, "s", text, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });
}
