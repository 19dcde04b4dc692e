using System.Text;

namespace Kiln.Draft;

/// <summary>How the model's words become C# names and wire names.</summary>
public static class Wording
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

    /// <summary>The name of a member in a request of this protocol.</summary>
    public static string RequestWire(string protocol, string name, ApiMember member) => protocol == "ec2"
        ? member.Query ?? Upper(member.Name ?? name)
        : member.Name ?? name;

    /// <summary>The name of a member in a response.</summary>
    public static string ResponseWire(string name, ApiMember member) => member.Name ?? name;
}
