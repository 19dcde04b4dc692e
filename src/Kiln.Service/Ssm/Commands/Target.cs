using System.ComponentModel.DataAnnotations;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Instances by a tag or by ids. Systems Manager API Reference "Target".</summary>
public sealed record Target
{
    /// <summary><c>tag:KEY</c>, <c>tag-key</c> or <c>InstanceIds</c>.</summary>
    [Length(1, 163)] public string? Key { get; init; }

    /// <summary>Any of which matches.</summary>
    [MaxLength(50)] public IReadOnlyList<string> Values { get; init; } = [];
}
