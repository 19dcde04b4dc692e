using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>One version of a parameter. Systems Manager User Guide "Working with parameter versions".</summary>
/// <remarks>Two calls that make the same version meet at the key: the second is run again over the first's.</remarks>
public sealed class ParameterVersion : Entity
{
    /// <summary>Versions of a parameter that are kept: the oldest goes when another comes, unless it has a label.
    /// Systems Manager's quota.</summary>
    public const int VersionsMax = 100;

    /// <summary>Labels of a version. Systems Manager's quota.</summary>
    public const int LabelsMax = 10;

    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The name.</summary>
    [MaxLength(ParameterName.LengthMax)]
    public required string Name { get; init; }

    /// <summary>1, 2, 3, …</summary>
    public required long Number { get; init; }

    /// <summary>Whether it is the newest.</summary>
    public required bool IsCurrent { get; set; }

    /// <summary>Its labels: a label stands at one version of a parameter at a time.</summary>
    public IReadOnlyList<string> Labels { get; set; } = [];

    /// <summary>Of the newest version: the parameter's tags, which the next one takes over.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; set; } = new Dictionary<string, string>();

    /// <summary>The type, which never changes.</summary>
    public required ParameterType Type { get; init; }

    /// <summary>The value; of a SecureString its ciphertext, base64.</summary>
    public required string Value { get; init; }

    /// <summary>Of a SecureString: the key as it was named.</summary>
    [MaxLength(2048)]
    public string? KeyId { get; init; }

    /// <summary>Up to 1024 characters.</summary>
    [MaxLength(1024)]
    public string? Description { get; init; }

    /// <summary>What every value must match.</summary>
    [MaxLength(1024)]
    public string? AllowedPattern { get; init; }

    /// <summary>Standard or Advanced.</summary>
    public required ParameterTier Tier { get; init; }

    /// <summary><c>text</c> or <c>aws:ec2:image</c>.</summary>
    [MaxLength(32)]
    public required string DataType { get; init; }

    /// <summary>When it was put.</summary>
    public required DateTimeOffset LastModifiedDate { get; init; }

    /// <summary>Who put it.</summary>
    [MaxLength(2048)]
    public required string LastModifiedUser { get; init; }

    /// <summary>The parameter's ARN.</summary>
    public string Arn => Calls.Arn.Parameter(Region, AccountId, Name);

    private sealed class Configuration : IEntityTypeConfiguration<ParameterVersion>
    {
        public void Configure(EntityTypeBuilder<ParameterVersion> builder)
        {
            builder.HasKey(p => new { p.AccountId, p.Region, p.Name, p.Number });
            builder.HasIndex(p => new { p.AccountId, p.Region, p.IsCurrent });
            builder.Property(p => p.Labels).HasJson();
            builder.Property(p => p.Tags).HasJson();
        }
    }
}
