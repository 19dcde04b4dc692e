using System.Globalization;
using System.Text;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>Instants as AWS spells them.</summary>
public static class Timestamps
{
    /// <summary>The bytes that the ISO 8601 spelling takes: <c>2021-09-29T11:04:43.000Z</c>.</summary>
    public const int IsoLength = 24;

    /// <summary>The instants that a year of four digits can spell, so that what is read can be written again.</summary>
    private const double SecondsMax = 253_402_300_799.999, SecondsMin = -62_135_596_800;

    private static readonly string[] IsoFormats =
    [
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK", "yyyy-MM-dd'T'HH:mmK", "yyyy-MM-dd", "yyyyMMdd'T'HHmmssK",
    ];

    private static readonly string[] HttpFormats =
        ["ddd, dd MMM yyyy HH:mm:ss.FFFFFFF 'GMT'", "ddd, dd MMM yyyy HH:mm:ss 'GMT'"];

    /// <summary>Spells an instant; ISO 8601 has milliseconds always, the others only when they are not zero.</summary>
    public static string Format(DateTimeOffset time, TimestampFormat format)
    {
        if (format == TimestampFormat.HttpDate) return time.UtcDateTime.ToString("R", CultureInfo.InvariantCulture);
        if (format == TimestampFormat.UnixSeconds)
            return (time.ToUnixTimeMilliseconds() / 1000m).ToString("0.###", CultureInfo.InvariantCulture);
        Span<byte> bytes = stackalloc byte[IsoLength];
        WriteIso(time, bytes);
        return Encoding.ASCII.GetString(bytes);
    }

    /// <summary>Writes the ISO 8601 spelling, <see cref="IsoLength"/> bytes; fractions of a millisecond are
    /// cut.</summary>
    public static void WriteIso(DateTimeOffset time, Span<byte> to)
    {
        var utc = time.UtcDateTime;
        Digits(to[..4], utc.Year);
        to[4] = to[7] = (byte)'-';
        Digits(to[5..7], utc.Month);
        Digits(to[8..10], utc.Day);
        to[10] = (byte)'T';
        Digits(to[11..13], utc.Hour);
        to[13] = to[16] = (byte)':';
        Digits(to[14..16], utc.Minute);
        Digits(to[17..19], utc.Second);
        to[19] = (byte)'.';
        Digits(to[20..23], utc.Millisecond);
        to[23] = (byte)'Z';
    }

    /// <summary>Reads an instant; a time without an offset is UTC. False when it is none.</summary>
    public static bool TryParse(string text, TimestampFormat format, out DateTimeOffset time)
    {
        const DateTimeStyles styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (format != TimestampFormat.UnixSeconds)
        {
            return DateTimeOffset.TryParseExact(text, format == TimestampFormat.HttpDate ? HttpFormats : IsoFormats,
                CultureInfo.InvariantCulture, styles, out time);
        }

        time = default;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
            && TryFromSeconds(seconds, out time);
    }

    /// <summary>The instant so many seconds after 1970, to the millisecond; false outside the years 1 to
    /// 9999.</summary>
    public static bool TryFromSeconds(double seconds, out DateTimeOffset time)
    {
        time = default;
        if (!(seconds is >= SecondsMin and <= SecondsMax)) return false;
        time = DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Round(seconds * 1000));
        return true;
    }

    private static void Digits(Span<byte> to, int value)
    {
        for (var i = to.Length - 1; i >= 0; i--, value /= 10) to[i] = (byte)('0' + value % 10);
    }
}
