using System.Globalization;

namespace Kiln.Cli.Watching;

/// <summary>What <c>/metrics</c> said at one moment.</summary>
public sealed class MetricSample(IReadOnlyList<MetricLine> lines, double seconds)
{
    private readonly ILookup<string, MetricLine> _byName = lines.ToLookup(l => l.Name);

    /// <summary>When, in seconds of some clock.</summary>
    public double Seconds => seconds;

    /// <summary>Reads the text format.</summary>
    /// <exception cref="FormatException">With the number of the line that does not follow it.</exception>
    public static MetricSample Parse(string text, double seconds)
    {
        var lines = new List<MetricLine>();
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;
            if (line.Length == 0 || line[0] == '#')
                continue;
            lines.Add(ParseLine(line) ?? throw new FormatException($"Line {number} is no metric: {line}"));
        }
        return new MetricSample(lines, seconds);
    }

    /// <summary>All lines of a metric.</summary>
    public IEnumerable<MetricLine> Lines(string name) => _byName[name];

    /// <summary>The sum of a metric over all label sets that have this label, or any; 0 where there is none.</summary>
    public double Sum(string name, string? label = null, string? value = null) => _byName[name]
        .Where(l => label is null || l.Labels.GetValueOrDefault(label) == value).Sum(l => l.Value);

    /// <summary>True when the metric is there with this label, or any.</summary>
    public bool Has(string name, string? label = null, string? value = null) => _byName[name]
        .Any(l => label is null || l.Labels.GetValueOrDefault(label) == value);

    /// <summary>The values that a label of a metric has, in order.</summary>
    public IReadOnlyList<string> Values(string name, string label) =>
        [.. _byName[name].Select(l => l.Labels.GetValueOrDefault(label, "")).Distinct().Order(StringComparer.Ordinal)];

    /// <summary>How a counter grew since an earlier sample, per second; 0 when the service was restarted.</summary>
    public double Rate(MetricSample? earlier, string name, string? label = null, string? value = null)
    {
        if (earlier is null || seconds <= earlier.Seconds)
            return 0;
        return Math.Max(0, Sum(name, label, value) - earlier.Sum(name, label, value)) / (seconds - earlier.Seconds);
    }

    /// <summary>A quantile of a histogram since an earlier sample (or since the start), in seconds; null when nothing
    /// was measured. Exact to the bucket, linear inside of it, as Prometheus does.</summary>
    public double? Quantile(
        MetricSample? earlier, string name, double quantile, string? label = null, string? value = null)
    {
        var buckets = Buckets(name, label, value);
        foreach (var (bound, count) in earlier?.Buckets(name, label, value) ?? [])
            buckets[bound] = Math.Max(0, buckets.GetValueOrDefault(bound) - count);
        var total = buckets.GetValueOrDefault(double.PositiveInfinity);
        if (total <= 0)
            return null;
        double below = 0, low = 0;
        foreach (var (bound, count) in buckets)
        {
            if (count >= quantile * total)
            {
                return double.IsPositiveInfinity(bound)
                    ? low : low + ((bound - low) * ((quantile * total) - below) / (count - below));
            }
            (below, low) = (count, bound);
        }
        return low;
    }

    private SortedDictionary<double, double> Buckets(string name, string? label, string? value)
    {
        var buckets = new SortedDictionary<double, double>();
        foreach (var line in _byName[name + "_bucket"])
        {
            if (label is not null && line.Labels.GetValueOrDefault(label) != value)
                continue;
            var bound = Number(line.Labels.GetValueOrDefault("le", "+Inf")) ?? double.PositiveInfinity;
            buckets[bound] = buckets.GetValueOrDefault(bound) + line.Value;
        }
        return buckets;
    }

    private static MetricLine? ParseLine(string line)
    {
        var labels = new Dictionary<string, string>();
        var at = 0;
        while (at < line.Length && (char.IsAsciiLetterOrDigit(line[at]) || line[at] is '_' or ':'))
            at++;
        var name = line[..at];
        if (name.Length == 0 || char.IsAsciiDigit(name[0]))
            return null;
        if (at < line.Length && line[at] == '{' && !TryLabels(line, ref at, labels))
            return null;
        return at < line.Length && line[at] == ' ' && Number(line[(at + 1)..]) is { } value
            ? new MetricLine(name, labels, value) : null;
    }

    private static bool TryLabels(string line, ref int at, Dictionary<string, string> labels)
    {
        while (++at < line.Length && line[at] != '}')
        {
            var equals = line.IndexOf("=\"", at, StringComparison.Ordinal);
            if (equals <= at)
                return false;
            var name = line[at..equals];
            var text = new System.Text.StringBuilder();
            for (at = equals + 2; at < line.Length && line[at] != '"'; at++)
            {
                if (line[at] == '\\' && ++at < line.Length && line[at] == 'n')
                    text.Append('\n');
                else if (at < line.Length)
                    text.Append(line[at]);
            }
            if (++at >= line.Length || line[at] is not (',' or '}') || !labels.TryAdd(name, text.ToString()))
                return false;
            if (line[at] == '}')
                break;
        }
        return at < line.Length && line[at++] == '}';
    }

    private static double? Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null,
    };
}
