using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Tags;

/// <summary>Tags for the resources that a call makes. EC2 API Reference "TagSpecification".</summary>
public sealed record TagSpecification
{
    /// <summary>The type of resource to tag, e.g. <c>image</c> or <c>snapshot</c>.</summary>
    public string? ResourceType { get; init; }

    /// <summary>The tags.</summary>
    [Wire("Tag"), MaxLength(1000)]
    public IReadOnlyList<Tag> Tags { get; init; } = [];
}
