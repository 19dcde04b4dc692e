namespace Kiln.Protocol.Shapes;

/// <summary>The two cases in which AWS spells member names.</summary>
internal static class Names
{
    public static string Camel(string name) =>
        name.Length == 0 || char.IsAsciiLetterLower(name[0]) ? name : char.ToLowerInvariant(name[0]) + name[1..];

    public static string Pascal(string name) =>
        name.Length == 0 || char.IsAsciiLetterUpper(name[0]) ? name : char.ToUpperInvariant(name[0]) + name[1..];
}
