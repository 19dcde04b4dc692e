using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Iam;

/// <summary>A policy of its own, to be attached to users and roles. IAM API Reference "Policy".</summary>
public sealed class ManagedPolicy : Entity
{
    /// <summary>The ARN.</summary>
    [Key, MaxLength(700)]
    public required string Arn { get; init; }

    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The name; unique in the account whatever its case.</summary>
    [MaxLength(128)]
    public required string Name { get; init; }

    /// <summary>The name in lower case.</summary>
    [MaxLength(128)]
    public required string LowerName { get; init; }

    /// <summary><c>ANPA</c> and 17 letters or digits.</summary>
    [MaxLength(32)]
    public required string Id { get; init; }

    /// <summary>Begins and ends with a slash.</summary>
    [MaxLength(512)]
    public required string Path { get; init; }

    /// <summary>What it is for; may be empty.</summary>
    [MaxLength(1000)]
    public string Description { get; init; } = "";

    /// <summary>The policy as it was given: version v1, the only one.</summary>
    public required string Document { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreateDate { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<ManagedPolicy>
    {
        public void Configure(EntityTypeBuilder<ManagedPolicy> builder) =>
            builder.HasIndex(p => new { p.AccountId, p.LowerName }).IsUnique();
    }
}
