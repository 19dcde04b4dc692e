using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Calls;

/// <summary>A filter of a Describe operation: a name, and values of which one must match. EC2 API Reference
/// "Filter".</summary>
public sealed record Filter
{
    /// <summary>The filter's name, e.g. <c>architecture</c> or <c>tag:team</c>; case-sensitive.</summary>
    public string? Name { get; init; }

    /// <summary>The values; <c>*</c> and <c>?</c> are wildcards, <c>\</c> takes their meaning away.</summary>
    [Wire("Value"), MaxLength(200)]
    public IReadOnlyList<string> Values { get; init; } = [];
}
