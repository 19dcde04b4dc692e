namespace Kiln.Service.Ec2.Zones;

/// <summary>An Availability Zone. Every Region has three; one node holds them all until volumes are spread.</summary>
/// <param name="Region">The Region, e.g. <c>us-east-1</c>.</param>
/// <param name="Name">The name, e.g. <c>us-east-1a</c>.</param>
/// <param name="Id">The id, e.g. <c>use1-az1</c>.</param>
public sealed record Zone(string Region, string Name, string Id)
{
    /// <summary>Zones in a Region: what AWS has in most of them.</summary>
    public const int CountPerRegion = 3;

    /// <summary>The zones of a Region, in order.</summary>
    public static IReadOnlyList<Zone> Of(string region) =>
        [.. Enumerable.Range(0, CountPerRegion).Select(n => new Zone(
            region, $"{region}{(char)('a' + n)}", $"{Abbreviation(region)}-az{n + 1}"))];

    /// <summary>The zone of a name; null when the Region has none of it.</summary>
    public static Zone? ByName(string region, string name) => Of(region).FirstOrDefault(z => z.Name == name);

    /// <summary>The zone of an id; null when the Region has none of it.</summary>
    public static Zone? ById(string region, string id) => Of(region).FirstOrDefault(z => z.Id == id);

    /// <summary>The zone that a call names, by name or by id.</summary>
    /// <exception cref="Protocol.Errors.AwsException">None or both are given, or there is no such zone.</exception>
    public static Zone Read(string region, string? name, string? id)
    {
        if (name is not null && id is not null)
        {
            throw Ec2Error.InvalidParameterCombination(
                "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together.");
        }
        if (name is not null)
            return ByName(region, name) ?? throw Ec2Error.InvalidZoneNotFound(name);
        return id is null ? throw Ec2Error.MissingParameter("AvailabilityZone")
            : ById(region, id) ?? throw Ec2Error.InvalidZoneNotFound(id);
    }

    // us-east-1 → use1, ap-northeast-2 → apne2, us-gov-west-1 → usgw1.
    private static string Abbreviation(string region)
    {
        var parts = region.Split('-');
        var letters = parts[1..^1].Select(part => part switch
        {
            "northeast" => "ne",
            "northwest" => "nw",
            "southeast" => "se",
            "southwest" => "sw",
            _ => part[..1],
        });
        return parts.Length < 3 ? region : parts[0] + string.Concat(letters) + parts[^1];
    }
}
