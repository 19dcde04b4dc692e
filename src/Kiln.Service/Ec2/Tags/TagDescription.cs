namespace Kiln.Service.Ec2.Tags;

/// <summary>A tag and the resource it is on. EC2 API Reference "TagDescription".</summary>
public sealed record TagDescription
{
    /// <summary>The key.</summary>
    public required string Key { get; init; }

    /// <summary>The resource.</summary>
    public required string ResourceId { get; init; }

    /// <summary>Its type.</summary>
    public required string ResourceType { get; init; }

    /// <summary>The value.</summary>
    public required string Value { get; init; }
}
