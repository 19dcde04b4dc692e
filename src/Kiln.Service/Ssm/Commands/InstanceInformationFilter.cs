using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ssm.Commands;

/// <summary>A filter of instances in its older form. Systems Manager API Reference "InstanceInformationFilter".
/// </summary>
public sealed record InstanceInformationFilter
{
    /// <summary>As of <see cref="InstanceInformationStringFilter"/>, but for tags.</summary>
    [Wire("key")]
    public required string Key { get; init; }

    /// <summary>Any of which matches.</summary>
    [Wire("valueSet"), Length(1, 100)]
    public required IReadOnlyList<string> ValueSet { get; init; }

    /// <summary>In today's form.</summary>
    internal InstanceInformationStringFilter Modern => new() { Key = Key, Values = ValueSet };
}
