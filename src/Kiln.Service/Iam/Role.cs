using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Iam;

/// <summary>An identity that principals take on for a time. IAM API Reference "Role".</summary>
public sealed class Role : Entity
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

    /// <summary><c>AROA</c> and 17 letters or digits: a role of the same name made later is another one.</summary>
    [MaxLength(32)]
    public required string Id { get; init; }

    /// <summary>Begins and ends with a slash.</summary>
    [MaxLength(512)]
    public required string Path { get; init; }

    /// <summary>Who may assume it, as a policy.</summary>
    public required string TrustPolicy { get; set; }

    /// <summary>What it is for; may be empty.</summary>
    [MaxLength(1000)]
    public string Description { get; set; } = "";

    /// <summary>The longest session, 3600 to 43200 seconds.</summary>
    public int SessionSecondsMax { get; set; } = 3600;

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreateDate { get; init; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; set; } = new Dictionary<string, string>();

    /// <summary>The ARN.</summary>
    public string Arn => Calls.Arn.Role(AccountId, Path, Name);

    private sealed class Configuration : IEntityTypeConfiguration<Role>
    {
        public void Configure(EntityTypeBuilder<Role> builder)
        {
            builder.HasKey(r => new { r.AccountId, r.Name });
            builder.HasIndex(r => new { r.AccountId, r.LowerName }).IsUnique();
            builder.Property(r => r.Tags).HasJson();
        }
    }
}
