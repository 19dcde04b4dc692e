using System.Globalization;

namespace Kiln.Service.Ec2.Network;

/// <summary>Availability Zones: three in every Region, <c>a</c> to <c>c</c>. EC2 User Guide "Regions and Zones".</summary>
public static class Zones
{
    private const string Letters = "abc";

    private static readonly Dictionary<string, string> Short = new(StringComparer.Ordinal)
    {
        ["east"] = "e", ["west"] = "w", ["north"] = "n", ["south"] = "s", ["central"] = "c", ["northeast"] = "ne",
        ["northwest"] = "nw", ["southeast"] = "se", ["southwest"] = "sw", ["gov"] = "g",
    };

    /// <summary>The zones' names, e.g. <c>us-east-1a</c>.</summary>
    public static IReadOnlyList<string> Of(string region) => [.. Letters.Select(letter => region + letter)];

    /// <summary>Whether a zone is one of the Region's.</summary>
    public static bool Has(string region, string zone) =>
        zone.Length == region.Length + 1 && zone.StartsWith(region, StringComparison.Ordinal)
        && Letters.Contains(zone[^1]);

    /// <summary>A zone's id, the same in all accounts: <c>use1-az1</c> for <c>us-east-1a</c>.</summary>
    public static string Id(string region, string zone)
    {
        var parts = region.Split('-');
        var middle = string.Concat(parts[1..^1].Select(p => Short.GetValueOrDefault(p, p)));
        return string.Create(CultureInfo.InvariantCulture,
            $"{parts[0]}{middle}{parts[^1]}-az{Letters.IndexOf(zone[^1]) + 1}");
    }

    /// <summary>The zone of an id, or null.</summary>
    public static string? ById(string region, string id) => Of(region).FirstOrDefault(zone => Id(region, zone) == id);
}
