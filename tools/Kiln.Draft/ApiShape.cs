namespace Kiln.Draft;

/// <summary>A shape's facts.</summary>
public sealed record ApiShape
{
    /// <summary>The model's type: structure, list, map, string, boolean, integer, long, double, float, timestamp,
    /// blob.</summary>
    public required string Type { get; init; }

    /// <summary>A structure's members by the model's name, in the model's order.</summary>
    public Dictionary<string, ApiMember>? Members { get; init; }

    /// <summary>The model's names of the members that must be given.</summary>
    public IReadOnlyList<string>? Required { get; init; }

    /// <summary>The member that is the whole HTTP body.</summary>
    public string? Payload { get; init; }

    /// <summary>A list's element or a map's value.</summary>
    public ApiMember? Element { get; init; }

    /// <summary>A map's key.</summary>
    public ApiMember? Key { get; init; }

    /// <summary>Whether exactly one member must be given.</summary>
    public bool Union { get; init; }

    /// <summary>A string's values.</summary>
    public IReadOnlyList<string>? Enum { get; init; }

    /// <summary>The smallest value, or the least length.</summary>
    public double? Min { get; init; }

    /// <summary>The largest value, or the greatest length.</summary>
    public double? Max { get; init; }

    /// <summary>A string's regular expression, where it is short.</summary>
    public string? Pattern { get; init; }

    /// <summary>A timestamp's form where it is not the protocol's own.</summary>
    public string? TimestampFormat { get; init; }
}
