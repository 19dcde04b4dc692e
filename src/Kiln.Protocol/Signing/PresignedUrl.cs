using System.Globalization;
using System.Text;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Signing;

/// <summary>A signature that travels in the query string.</summary>
internal static class PresignedUrl
{
    /// <summary>Seven days, AWS's own bound: a signing key does not hold longer.</summary>
    public const int ExpiresSecondsMax = 604_800;

    /// <summary>Whether a query string carries a signature.</summary>
    public static bool IsSigned(string query) =>
        query.Contains("X-Amz-Signature=", StringComparison.Ordinal)
        || query.Contains("X-Amz-Algorithm=", StringComparison.Ordinal);

    /// <summary>Reads the claim.</summary>
    /// <exception cref="SignatureException">A part is missing or malformed.</exception>
    public static SignatureClaim ReadClaim(WireRequest request)
    {
        var query = request.QueryString;
        string Part(string name) =>
            Value(query, name) ?? throw SigV4.Malformed($"AWS query-string parameters must include '{name}'");
        if (Part("X-Amz-Algorithm") != SigV4.Algorithm)
            throw SigV4.Malformed($"Unsupported 'X-Amz-Algorithm'; use {SigV4.Algorithm}");
        if (!int.TryParse(Part("X-Amz-Expires"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            || seconds is < 1 or > ExpiresSecondsMax)
            throw SigV4.Malformed($"X-Amz-Expires must be a number of seconds from 1 to {ExpiresSecondsMax}");
        return SigV4.Claim(Part("X-Amz-Credential"), Part("X-Amz-SignedHeaders"), Part("X-Amz-Signature"),
            SigV4.Time(Part("X-Amz-Date")), Value(query, "X-Amz-Security-Token")) with
        {
            Expires = TimeSpan.FromSeconds(seconds),
        };
    }

    /// <summary>A parameter's value, decoded; null when absent.</summary>
    /// <exception cref="SignatureException">It stands twice, or does not decode.</exception>
    public static string? Value(string query, string name)
    {
        string? found = null;
        foreach (var range in query.AsSpan().Split('&'))
        {
            var pair = query.AsSpan(range);
            if (pair.Length <= name.Length || pair[name.Length] != '='
                || !pair.StartsWith(name, StringComparison.Ordinal))
                continue;
            if (found is not null) throw SigV4.Malformed($"{name} stands twice in the query");
            try
            {
                found = FormReader.Decode(Encoding.UTF8.GetBytes(pair[(name.Length + 1)..].ToString()));
            }
            catch (AwsException malformed)
            {
                throw SigV4.Malformed(malformed.Message);
            }
        }

        return found;
    }
}
