using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Kiln.Host.Metrics;

/// <summary>Prometheus' text exposition format, version 0.0.4, and OpenTelemetry's rules for names in it.</summary>
internal static class PrometheusText
{
    /// <summary>The media type.</summary>
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private static readonly string[] Names = ["_stage", "_phase", "_never"];

    /// <summary><c>kiln.store.put.duration</c> in <c>s</c> becomes <c>kiln_store_put_duration_seconds</c>.</summary>
    public static string NameOf(Instrument instrument, bool counter)
    {
        var name = instrument.Name.Replace('.', '_');
        var unit = instrument.Unit switch { "By" => "bytes", "s" => "seconds", "1" => counter ? "" : "ratio", _ => "" };
        // A number that names something is no ratio, whatever its unit says.
        if (Names.Any(n => name.EndsWith(n, StringComparison.Ordinal)))
            unit = "";
        if (unit.Length > 0 && !name.EndsWith("_" + unit, StringComparison.Ordinal))
            name += "_" + unit;
        return counter ? name + "_total" : name;
    }

    /// <summary>Labels as they stand between the braces, in the order of their names.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        if (labels.IsEmpty)
            return "";
        var sorted = labels.ToArray();
        Array.Sort(sorted, (a, b) => string.CompareOrdinal(a.Key, b.Key));
        var text = new StringBuilder();
        foreach (var (name, value) in sorted)
        {
            if (text.Length > 0)
                text.Append(',');
            text.Append(name.Replace('.', '_')).Append("=\"");
            text.Append(Escape(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "").Replace("\"", "\\\"",
                StringComparison.Ordinal)).Append('"');
        }
        return text.ToString();
    }

    /// <summary>The two lines before the values.</summary>
    public static void Head(StringBuilder text, string name, string type, string help) =>
        text.Append("# HELP ").Append(name).Append(' ').Append(Escape(help)).Append('\n')
            .Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

    /// <summary>One value.</summary>
    public static void Line(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(double.IsPositiveInfinity(value) ? "+Inf"
            : double.IsNegativeInfinity(value) ? "-Inf" : value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }

    private static string Escape(string text) =>
        text.Replace("\\", @"\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
