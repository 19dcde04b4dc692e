using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Iam;

/// <summary>The way a role gets into an instance. IAM API Reference "InstanceProfile".</summary>
public sealed class InstanceProfile : Entity
{
    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The name; unique in the account whatever its case.</summary>
    [MaxLength(128)]
    public required string Name { get; init; }

    /// <summary>The name in lower case.</summary>
    [MaxLength(128)]
    public required string LowerName { get; init; }

    /// <summary><c>AIPA</c> and 17 letters or digits.</summary>
    [MaxLength(32)]
    public required string Id { get; init; }

    /// <summary>Begins and ends with a slash.</summary>
    [MaxLength(512)]
    public required string Path { get; init; }

    /// <summary>The one role it holds; null for none.</summary>
    [MaxLength(64)]
    public string? RoleName { get; set; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreateDate { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; set; } = new Dictionary<string, string>();

    /// <summary>The ARN.</summary>
    public string Arn => $"arn:aws:iam::{AccountId}:instance-profile{Path}{Name}";

    private sealed class Configuration : IEntityTypeConfiguration<InstanceProfile>
    {
        public void Configure(EntityTypeBuilder<InstanceProfile> builder)
        {
            builder.HasKey(p => new { p.AccountId, p.Name });
            builder.HasIndex(p => new { p.AccountId, p.LowerName }).IsUnique();
            builder.HasIndex(p => new { p.AccountId, p.RoleName });
            builder.Property(p => p.Tags).HasJson();
        }
    }
}
