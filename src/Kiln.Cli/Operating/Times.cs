using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Kiln.Cli.Operating;

/// <summary>Times on the wire and on the command line.</summary>
public static partial class Times
{
    /// <summary>The furthest that a span may reach: 200 years, as far as the service moves its clock.</summary>
    private const long SecondsMax = 366L * 200 * 86400;

    /// <summary>A time of a JSON answer (seconds since 1970) as people read it.</summary>
    public static string Text(JsonNode? seconds) => seconds is null ? "" : DateTimeOffset
        .FromUnixTimeMilliseconds((long)((double)seconds * 1000))
        .ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A span such as <c>90d</c>, <c>36h</c>, <c>15m</c>, <c>30s</c> or <c>2w</c>, in seconds.</summary>
    public static bool TryParseSpan(string text, out long seconds)
    {
        seconds = 0;
        if (Span().Match(text) is not { Success: true } match)
            return false;
        var unit = match.Groups[2].Value switch { "w" => 7 * 86400L, "d" => 86400, "h" => 3600, "m" => 60, _ => 1 };
        seconds = long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * unit;
        return seconds is > 0 and <= SecondsMax;
    }

    [GeneratedRegex("^([0-9]{1,9})(w|d|h|m|s)$")]
    private static partial Regex Span();
}
