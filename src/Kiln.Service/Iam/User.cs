using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Iam;

/// <summary>A person or program with access keys of its own. IAM API Reference "User".</summary>
public sealed class User : Entity
{
    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The name; unique in the account whatever its case.</summary>
    [MaxLength(64)]
    public required string Name { get; init; }

    /// <summary>The name in lower case.</summary>
    [MaxLength(64)]
    public required string LowerName { get; init; }

    /// <summary><c>AIDA</c> and 17 letters or digits.</summary>
    [MaxLength(32)]
    public required string Id { get; init; }

    /// <summary>Begins and ends with a slash.</summary>
    [MaxLength(512)]
    public required string Path { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreateDate { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; set; } = new Dictionary<string, string>();

    /// <summary>The ARN.</summary>
    public string Arn => $"arn:aws:iam::{AccountId}:user{Path}{Name}";

    private sealed class Configuration : IEntityTypeConfiguration<User>
    {
        public void Configure(EntityTypeBuilder<User> builder)
        {
            builder.HasKey(u => new { u.AccountId, u.Name });
            builder.HasIndex(u => new { u.AccountId, u.LowerName }).IsUnique();
            builder.Property(u => u.Tags).HasJson();
        }
    }
}
