using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Accounts;

/// <summary>An access key: of an account's root, of an IAM user, or of a session that STS gave.</summary>
public sealed class AccessKey : Entity
{
    /// <summary>The access key id, e.g. <c>AKIA…</c>; <c>ASIA…</c> for sessions.</summary>
    [Key, MaxLength(128)]
    public required string Id { get; init; }

    /// <summary>The account it belongs to.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The secret, sealed under the master key.</summary>
    public required byte[] SealedSecret { get; init; }

    /// <summary>The principal's ARN as GetCallerIdentity shows it.</summary>
    public required string PrincipalArn { get; init; }

    /// <summary>The principal's unique id.</summary>
    public required string PrincipalId { get; init; }

    /// <summary>The role whose session this is, else null.</summary>
    public string? RoleName { get; init; }

    /// <summary>The IAM user whose key this is, else null.</summary>
    public string? UserName { get; init; }

    /// <summary>A policy that narrows the session, else null.</summary>
    public string? SessionPolicy { get; init; }

    /// <summary>SHA-256 of the session token in hex; null for long-lived keys.</summary>
    public string? SessionTokenDigest { get; init; }

    /// <summary>When a session's key ends, by the domain clock.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<AccessKey>
    {
        public void Configure(EntityTypeBuilder<AccessKey> builder) => builder.HasIndex(k => k.AccountId);
    }
}
