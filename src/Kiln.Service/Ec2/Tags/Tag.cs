using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Tags;

/// <summary>A tag on the wire. EC2 API Reference "Tag".</summary>
public sealed record Tag
{
    /// <summary>The key.</summary>
    public string? Key { get; init; }

    /// <summary>The value; an empty one is a value: DeleteTags tells it from none.</summary>
    [EmptyIsPresent]
    public string? Value { get; init; }
}
