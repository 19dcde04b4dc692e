using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Iam;

/// <summary>A managed policy's attachment to a user or role.</summary>
public sealed class AttachedPolicy
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

    /// <summary>The policy: the account's own, or one of <see cref="AwsPolicies"/>.</summary>
    [MaxLength(700)]
    public required string PolicyArn { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<AttachedPolicy>
    {
        public void Configure(EntityTypeBuilder<AttachedPolicy> builder)
        {
            builder.HasKey(p => new { p.AccountId, p.OwnerKind, p.OwnerName, p.PolicyArn });
            builder.HasIndex(p => p.PolicyArn);
        }
    }
}
