using System.ComponentModel.DataAnnotations;

namespace Kiln.Service.Persistence;

/// <summary>One setting of the installation as a whole.</summary>
public sealed class Setting : Entity
{
    /// <summary>The name.</summary>
    [Key, MaxLength(64)]
    public required string Name { get; init; }

    /// <summary>The value as text.</summary>
    public required string Value { get; set; }
}
