using System.Buffers;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>A key as callers name it: exactly one of id and alias, with account and Region where it is an
/// ARN.</summary>
internal sealed record KeyName(string? KeyId, string? Alias, string? Region, string? AccountId)
{
    /// <summary>The longest name: an alias ARN.</summary>
    public const int LengthMax = 2048;

    /// <summary>Reads a key id, key ARN, alias name or alias ARN; null where the text is none of them.</summary>
    public static KeyName? Parse(string text)
    {
        if (text.Length is 0 or > LengthMax)
            return null;
        if (!text.StartsWith("arn:", StringComparison.Ordinal))
        {
            return text.StartsWith("alias/", StringComparison.Ordinal)
                ? new(null, text, null, null)
                : new(text, null, null, null);
        }
        if (text.Split(':', 6) is not ["arn", "aws", "kms", var region, var account, var resource]
            || !Ids.IsAccountId(account))
            return null;
        if (resource.StartsWith("alias/", StringComparison.Ordinal))
            return new(null, resource, region, account);
        return resource.StartsWith("key/", StringComparison.Ordinal)
            ? new(resource["key/".Length..], null, region, account)
            : null;
    }

    /// <summary>Whether a text has the form of a key id, so that a key of that id could exist.</summary>
    public static bool IsKeyId(string text) => text.StartsWith("mrk-", StringComparison.Ordinal)
        ? text.Length == 36 && !text.AsSpan(4).ContainsAnyExcept(HexDigits)
        : Guid.TryParseExact(text, "D", out _);

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
}
