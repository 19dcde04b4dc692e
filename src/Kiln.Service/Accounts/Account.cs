using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;

namespace Kiln.Service.Accounts;

/// <summary>An AWS account of this installation.</summary>
public sealed class Account : Entity
{
    /// <summary>12 digits.</summary>
    [Key, MaxLength(12)]
    public required string Id { get; init; }

    /// <summary>A name for people; not unique.</summary>
    [MaxLength(128)]
    public required string Name { get; set; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
