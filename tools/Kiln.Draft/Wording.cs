using System.Text;
using System.Text.RegularExpressions;

namespace Kiln.Draft;

/// <summary>How the model's words become C# names and wire names.</summary>
public static partial class Wording
{
    /// <summary>With the first letter in upper case.</summary>
    public static string Upper(string name) =>
        name.Length == 0 ? name : string.Concat(name[..1].ToUpperInvariant(), name.AsSpan(1));

    /// <summary>With the first letter in lower case.</summary>
    public static string Lower(string name) =>
        name.Length == 0 ? name : string.Concat(name[..1].ToLowerInvariant(), name.AsSpan(1));

    /// <summary>A C# name for an enum's value: <c>x86_64</c> becomes <c>X8664</c>, <c>no-delete</c> becomes
    /// <c>NoDelete</c>.</summary>
    public static string EnumMember(string value)
    {
        var name = new StringBuilder();
        var start = true;
        var shouted = value.Length > 1 && !value.Any(char.IsAsciiLetterLower);
        foreach (var c in value)
        {
            if (!char.IsAsciiLetterOrDigit(c))
            {
                start = true;
                continue;
            }
            name.Append(start ? char.ToUpperInvariant(c) : shouted ? char.ToLowerInvariant(c) : c);
            start = false;
        }
        if (name.Length == 0)
            return "Empty";
        return char.IsAsciiDigit(name[0]) ? "N" + name : name.ToString();
    }

    /// <summary>The model's regular expression as .NET reads it, or null where it means something else there.</summary>
    /// <remarks>
    /// The model's are written for engines that know code points beyond 16 bits and escapes that .NET refuses.
    /// </remarks>
    public static string? Pattern(string pattern)
    {
        var ours = pattern.Replace(@"\_", "_", StringComparison.Ordinal);
        if (BeyondSixteenBits().IsMatch(ours))
            return null;
        try
        {
            _ = new Regex(ours, RegexOptions.CultureInvariant);
            return ours;
        }
        catch (RegexParseException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\\u(?:1[0-9A-Fa-f]{4}|D[89A-Fa-f])|\\x\{")]
    private static partial Regex BeyondSixteenBits();

    /// <summary>The name of a member in a request of this protocol.</summary>
    public static string RequestWire(string protocol, string name, ApiMember member) => protocol == "ec2"
        ? member.Query ?? Upper(member.Name ?? name)
        : member.Name ?? name;

    /// <summary>The name of a member in a response.</summary>
    public static string ResponseWire(string name, ApiMember member) => member.Name ?? name;
}
