using System.Globalization;

namespace Kiln.Service.Calls;

/// <summary>Reads Accept-Encoding: RFC 9110, section 12.5.3.</summary>
internal static class ContentCodings
{
    /// <summary>Whether a header names a coding and does not refuse it with a weight of 0. A <c>*</c> names none: a
    /// client says it without knowing what it may get.</summary>
    public static bool Take(string? acceptEncoding, string coding)
    {
        foreach (var element in acceptEncoding.AsSpan().Split(','))
        {
            var wish = acceptEncoding.AsSpan(element);
            var end = wish.IndexOf(';');
            if (!(end < 0 ? wish : wish[..end]).Trim().Equals(coding, StringComparison.OrdinalIgnoreCase))
                continue;
            var weight = end < 0 ? default : wish[(end + 1)..].Trim();
            return !weight.StartsWith("q=", StringComparison.OrdinalIgnoreCase)
                || !decimal.TryParse(weight[2..], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture,
                    out var q) || q > 0;
        }
        return false;
    }
}
