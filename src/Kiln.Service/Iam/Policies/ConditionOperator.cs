using System.Globalization;
using System.Net;

namespace Kiln.Service.Iam.Policies;

/// <summary>How one condition operator compares. Negated operators share the comparison of their positive
/// twin.</summary>
/// <param name="Name">The positive name, e.g. <c>StringEquals</c>.</param>
/// <param name="Negated">Whether the result is turned round.</param>
/// <param name="Accepts">Whether a policy may give this value.</param>
/// <param name="Compare">Whether the request's value fits the policy's.</param>
internal sealed record ConditionOperator(
    string Name, bool Negated, Func<string, bool> Accepts, Func<string, PolicyText, PolicyContext, bool> Compare)
{
    private static readonly Dictionary<string, ConditionOperator> All = Build();

    /// <summary>Whether it asks only if the key is there.</summary>
    public bool IsNull => Name == "Null";

    public static ConditionOperator? Find(string name) => All.GetValueOrDefault(name);

    private static Dictionary<string, ConditionOperator> Build()
    {
        var all = new Dictionary<string, ConditionOperator>(StringComparer.OrdinalIgnoreCase);
        void Pair(
            string positive, string? negative, Func<string, bool> accepts,
            Func<string, PolicyText, PolicyContext, bool> compare)
        {
            all[positive] = new(positive, false, accepts, compare);
            if (negative is not null)
                all[negative] = new(positive, true, accepts, compare);
        }

        Pair("StringEquals", "StringNotEquals", Anything, (actual, wanted, context) =>
            wanted.Literal(context) == actual);
        Pair("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", Anything, (actual, wanted, context) =>
            string.Equals(wanted.Literal(context), actual, StringComparison.OrdinalIgnoreCase));
        Pair("StringLike", "StringNotLike", Anything, (actual, wanted, context) => wanted.Matches(actual, context));
        // "ArnEquals and ArnLike behave identically."
        Pair("ArnEquals", "ArnNotEquals", Anything, (actual, wanted, context) => wanted.MatchesArn(actual, context));
        Pair("ArnLike", "ArnNotLike", Anything, (actual, wanted, context) => wanted.MatchesArn(actual, context));
        Pair("Bool", null, IsBool, (actual, wanted, _) =>
            string.Equals(actual, wanted.Raw, StringComparison.OrdinalIgnoreCase));
        Pair("Null", null, IsBool, (_, _, _) => false);
        Pair("BinaryEquals", null, IsBase64, (actual, wanted, _) => actual == wanted.Raw);
        Pair("IpAddress", "NotIpAddress", text => Network(text) is not null, (actual, wanted, _) =>
            IPAddress.TryParse(actual, out var address) && Network(wanted.Raw)!.Value.Contains(Plain(address)));
        Compare<decimal>("Numeric", Number);
        Compare<DateTimeOffset>("Date", Date);
        return all;

        void Compare<T>(string family, Func<string, T?> parse)
            where T : struct, IComparable<T>
        {
            void Add(string positive, string? negative, Func<int, bool> fits) =>
                Pair(family + positive, negative is null ? null : family + negative, text => parse(text) is not null,
                    (actual, wanted, _) =>
                        parse(actual) is { } value && fits(value.CompareTo(parse(wanted.Raw)!.Value)));
            Add("Equals", "NotEquals", order => order == 0);
            Add("LessThan", null, order => order < 0);
            Add("LessThanEquals", null, order => order <= 0);
            Add("GreaterThan", null, order => order > 0);
            Add("GreaterThanEquals", null, order => order >= 0);
        }
    }

    private static bool Anything(string text) => true;

    private static bool IsBool(string text) => bool.TryParse(text, out _);

    private static bool IsBase64(string text) => System.Buffers.Text.Base64.IsValid(text);

    private static decimal? Number(string text) =>
        decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture, out var number) ? number : null;

    private static DateTimeOffset? Date(string text)
    {
        // Both of AWS's spellings: ISO 8601 and seconds since the epoch.
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds))
        {
            return seconds is >= -62135596800 and <= 253402300799 ? DateTimeOffset.FromUnixTimeSeconds(seconds) : null;
        }
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var date) ? date : null;
    }

    private static IPNetwork? Network(string text)
    {
        if (IPAddress.TryParse(text, out var address))
        {
            address = Plain(address);
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        }
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || !IPAddress.TryParse(text.AsSpan(0, slash), out address)
            || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var bits)
            || bits > address.GetAddressBytes().Length * 8)
            return null;
        // AWS takes a network whose host bits are set; IPNetwork does not.
        var bytes = address.GetAddressBytes();
        for (var bit = bits; bit < bytes.Length * 8; bit++)
            bytes[bit / 8] &= (byte)~(0x80 >> (bit % 8));
        return new IPNetwork(new IPAddress(bytes), bits);
    }

    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
