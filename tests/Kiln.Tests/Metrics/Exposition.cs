using System.Globalization;
using System.Text.RegularExpressions;

namespace Kiln.Tests.Metrics;

/// <summary>A strict reader of Prometheus' text format 0.0.4: whatever the page does not promise is an error.</summary>
internal sealed partial class Exposition
{
    private readonly Dictionary<string, double> _values = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    /// <summary>Every line <c>name{labels}</c> with its value.</summary>
    public IReadOnlyDictionary<string, double> Values => _values;

    /// <summary>Every metric's type.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    /// <summary>A value, or 0 where the line is not there.</summary>
    public double this[string series] => _values.GetValueOrDefault(series);

    /// <summary>The sum over all label sets of a metric.</summary>
    public double Sum(string name) => _values
        .Where(v => v.Key == name || v.Key.StartsWith(name + "{", StringComparison.Ordinal)).Sum(v => v.Value);

    public static Exposition Parse(string text)
    {
        var read = new Exposition();
        Assert.EndsWith("\n", text, StringComparison.Ordinal);
        string? help = null, current = null;
        foreach (var line in text[..^1].Split('\n'))
        {
            if (line.StartsWith("# HELP ", StringComparison.Ordinal))
            {
                var match = Help().Match(line);
                Assert.True(match.Success, line);
                help = match.Groups[1].Value;
            }
            else if (line.StartsWith('#'))
            {
                var match = Type().Match(line);
                Assert.True(match.Success && match.Groups[1].Value == help, line);
                current = help!;
                Assert.True(read._types.TryAdd(current, match.Groups[2].Value), $"{current} comes twice");
            }
            else
            {
                read.Sample(line, current);
            }
        }
        read.CheckHistograms();
        return read;
    }

    private void Sample(string line, string? current)
    {
        var match = Line().Match(line);
        Assert.True(match.Success, $"no sample: {line}");
        var (name, labels) = (match.Groups[1].Value, match.Groups[2].Value);
        Assert.NotNull(current);
        var type = _types[current];
        Assert.True(
            type == "histogram" ? name == current + "_bucket" || name == current + "_sum" || name == current + "_count"
                : name == current,
            $"{line} stands under {current}");
        Assert.Equal(type == "counter", name.EndsWith("_total", StringComparison.Ordinal));
        if (labels.Length > 0)
            Assert.Matches(Labels(), labels);
        var value = match.Groups[3].Value switch
        {
            "+Inf" => double.PositiveInfinity, "-Inf" => double.NegativeInfinity, "NaN" => double.NaN,
            var number => double.Parse(number, NumberStyles.Float, CultureInfo.InvariantCulture),
        };
        Assert.True(_values.TryAdd(name + labels, value), $"{name}{labels} comes twice");
    }

    private void CheckHistograms()
    {
        foreach (var (name, _) in _types.Where(t => t.Value == "histogram"))
        {
            var buckets = _values.Where(v => v.Key.StartsWith(name + "_bucket{", StringComparison.Ordinal))
                .Select(v => (Labels: Le().Replace(v.Key[(name.Length + 7)..], ""), Bound: BoundOf(v.Key), v.Value));
            foreach (var set in buckets.GroupBy(b => b.Labels))
            {
                var ordered = set.OrderBy(b => b.Bound).ToList();
                Assert.Equal(ordered.Select(b => b.Value).Order(), ordered.Select(b => b.Value));
                Assert.Equal(double.PositiveInfinity, ordered[^1].Bound);
                var labels = set.Key == "{}" ? "" : set.Key;
                Assert.Equal(_values[name + "_count" + labels], ordered[^1].Value);
            }
        }
    }

    private static double BoundOf(string series)
    {
        var text = Le().Match(series).Groups[1].Value;
        return text == "+Inf" ? double.PositiveInfinity : double.Parse(text, CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) \S.*$")]
    private static partial Regex Help();

    [GeneratedRegex("^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$")]
    private static partial Regex Type();

    [GeneratedRegex(@"^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{.*\})? (\S+)$")]
    private static partial Regex Line();

    [GeneratedRegex("""^\{[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*"(,[a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*")*\}$""")]
    private static partial Regex Labels();

    [GeneratedRegex(",?le=\"([^\"]*)\"")]
    private static partial Regex Le();
}
