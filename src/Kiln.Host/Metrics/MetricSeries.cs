using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Kiln.Host.Metrics;

/// <summary>What was measured of one instrument, by labels.</summary>
internal sealed class MetricSeries
{
    /// <summary>Different label sets that are kept apart; more are summed up under one, so that no mistake in a label
    /// can fill the memory.</summary>
    public const int LabelSetsMax = 2000;

    private const string Overflow = "overflow=\"true\"";

    private readonly ConcurrentDictionary<string, Value> _values = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<double>? _bounds;
    private readonly bool _adds;

    /// <summary>Follows an instrument.</summary>
    public MetricSeries(Instrument instrument)
    {
        Instrument = instrument;
        var type = instrument.GetType().GetGenericTypeDefinition();
        IsCounter = type == typeof(Counter<>) || type == typeof(ObservableCounter<>);
        _adds = type == typeof(Counter<>);
        if (instrument is Histogram<double> histogram)
            _bounds = histogram.Advice?.HistogramBucketBoundaries ?? [];
        Name = PrometheusText.NameOf(instrument, IsCounter);
    }

    /// <summary>The instrument.</summary>
    public Instrument Instrument { get; }

    /// <summary>What Prometheus calls it.</summary>
    public string Name { get; }

    /// <summary>True for what only grows.</summary>
    public bool IsCounter { get; }

    /// <summary>counter, gauge or histogram.</summary>
    public string Type => _bounds is not null ? "histogram" : IsCounter ? "counter" : "gauge";

    /// <summary>Forgets what observed instruments said the last time.</summary>
    public void Clear()
    {
        if (Instrument.IsObservable)
            _values.Clear();
    }

    /// <summary>Takes a measurement in.</summary>
    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        var key = PrometheusText.Labels(labels);
        if (_values.Count >= LabelSetsMax && !_values.ContainsKey(key))
            key = Overflow;
        var kept = _values.GetOrAdd(key, _ => new Value(_bounds?.Count ?? 0));
        lock (kept)
        {
            if (_bounds is null)
            {
                kept.Number = _adds ? kept.Number + value : value;
                return;
            }
            kept.Number += value;
            kept.Count++;
            for (var i = 0; i < _bounds.Count; i++)
            {
                if (value > _bounds[i])
                    continue;
                kept.Buckets[i]++;
                break;
            }
        }
    }

    /// <summary>Writes the lines of this instrument; nothing where nothing was measured.</summary>
    public void Write(StringBuilder text)
    {
        if (_values.IsEmpty)
            return;
        PrometheusText.Head(text, Name, Type, Instrument.Description ?? "");
        foreach (var (labels, value) in _values.OrderBy(v => v.Key, StringComparer.Ordinal))
        {
            lock (value)
            {
                if (_bounds is null)
                    PrometheusText.Line(text, Name, labels, value.Number);
                else
                    WriteHistogram(text, labels, value);
            }
        }
    }

    private void WriteHistogram(StringBuilder text, string labels, Value value)
    {
        long below = 0;
        var more = labels.Length > 0 ? labels + "," : "";
        for (var i = 0; i < _bounds!.Count; i++)
        {
            below += value.Buckets[i];
            PrometheusText.Line(text, Name + "_bucket", string.Create(
                CultureInfo.InvariantCulture, $"{more}le=\"{_bounds[i]}\""), below);
        }
        PrometheusText.Line(text, Name + "_bucket", more + "le=\"+Inf\"", value.Count);
        PrometheusText.Line(text, Name + "_sum", labels, value.Number);
        PrometheusText.Line(text, Name + "_count", labels, value.Count);
    }

    private sealed class Value(int buckets)
    {
        public readonly long[] Buckets = new long[buckets];
        public double Number;
        public long Count;
    }
}
