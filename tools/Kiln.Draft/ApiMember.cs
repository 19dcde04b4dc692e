namespace Kiln.Draft;

/// <summary>A member's shape and its place on the wire.</summary>
public sealed record ApiMember
{
    /// <summary>The shape, or a bare type.</summary>
    public required string Shape { get; init; }

    /// <summary>The model's wire name (locationName) where it differs from the member's name.</summary>
    public string? Name { get; init; }

    /// <summary>The wire name of an ec2 request (queryName) where it does not follow from <see cref="Name"/>.</summary>
    public string? Query { get; init; }

    /// <summary>The place where it is not the body: header, querystring, uri, statusCode.</summary>
    public string? In { get; init; }

    /// <summary>Whether a client fills it with a fresh token when it is left out.</summary>
    public bool Idempotency { get; init; }

    /// <summary>Whether a list has no element around it.</summary>
    public bool Flattened { get; init; }
}
