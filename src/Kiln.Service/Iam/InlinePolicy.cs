using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Iam;

/// <summary>A policy that belongs to one user or role and goes with it.</summary>
public sealed class InlinePolicy : Entity
{
    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>User or role.</summary>
    [MaxLength(8)]
    public required PrincipalKind OwnerKind { get; init; }

    /// <summary>The user's or role's name.</summary>
    [MaxLength(64)]
    public required string OwnerName { get; init; }

    /// <summary>The policy's name.</summary>
    [MaxLength(128)]
    public required string Name { get; init; }

    /// <summary>The policy as it was given.</summary>
    public required string Document { get; set; }

    private sealed class Configuration : IEntityTypeConfiguration<InlinePolicy>
    {
        public void Configure(EntityTypeBuilder<InlinePolicy> builder) =>
            builder.HasKey(p => new { p.AccountId, p.OwnerKind, p.OwnerName, p.Name });
    }
}
