using System.Text;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Policies;

/// <summary>A text of a policy that may hold wildcards and variables such as <c>${aws:username}</c>.</summary>
/// <param name="Raw">As written.</param>
/// <param name="Variables">Whether variables mean something: from version 2012-10-17 on.</param>
public readonly record struct PolicyText(string Raw, bool Variables)
{
    /// <summary>Whether a text fits, <c>*</c> and <c>?</c> being wildcards. False where a variable has no
    /// value.</summary>
    public bool Matches(string text, PolicyContext context, bool ignoreCase = false)
    {
        if (Raw == "*")
            return true;
        if (Expand(context, pattern: true) is not { } pattern)
            return false;
        return ignoreCase
            ? Wildcard.Matches(pattern.ToLowerInvariant(), text.ToLowerInvariant())
            : Wildcard.Matches(pattern, text);
    }

    /// <summary>Whether two ARNs fit: part by part, so that a wildcard does not run over a colon of the first
    /// five.</summary>
    public bool MatchesArn(string arn, PolicyContext context)
    {
        if (Expand(context, pattern: true) is not { } pattern)
            return false;
        var wanted = pattern.Split(':', 6);
        var parts = arn.Split(':', 6);
        return wanted.Length == parts.Length
            && wanted.Zip(parts).All(pair => Wildcard.Matches(pair.First, pair.Second));
    }

    /// <summary>The text with its variables replaced; null where one has no value.</summary>
    public string? Literal(PolicyContext context) => Expand(context, pattern: false);

    private string? Expand(PolicyContext context, bool pattern)
    {
        // In Wildcard's patterns a backslash makes the next character literal; in policies it is a character.
        if (!Variables || !Raw.Contains("${", StringComparison.Ordinal))
            return pattern ? Raw.Replace(@"\", @"\\", StringComparison.Ordinal) : Raw;
        var text = new StringBuilder(Raw.Length + 32);
        for (var i = 0; i < Raw.Length; i++)
        {
            var end = Raw[i] == '$' && i + 1 < Raw.Length && Raw[i + 1] == '{' ? Raw.IndexOf('}', i) : -1;
            if (end < 0)
            {
                text.Append(pattern && Raw[i] == '\\' ? @"\\" : Raw[i].ToString());
                continue;
            }
            if (Value(Raw[(i + 2)..end], context) is not { } value)
                return null;
            text.Append(pattern ? Escaped(value) : value);
            i = end;
        }
        return text.ToString();
    }

    private static string? Value(string variable, PolicyContext context)
    {
        if (variable is "*" or "?" or "$")
            return variable;
        var comma = variable.IndexOf(',');
        var name = (comma < 0 ? variable : variable[..comma]).Trim();
        if (context[name] is [var value])
            return value;
        var otherwise = comma < 0 ? "" : variable[(comma + 1)..].Trim();
        return otherwise.Length >= 2 && otherwise[0] == '\'' && otherwise[^1] == '\'' ? otherwise[1..^1] : null;
    }

    private static string Escaped(string value)
    {
        if (!Wildcard.IsPattern(value))
            return value;
        var escaped = new StringBuilder(value.Length + 8);
        foreach (var c in value)
        {
            if (c is '*' or '?' or '\\')
                escaped.Append('\\');
            escaped.Append(c);
        }
        return escaped.ToString();
    }
}
