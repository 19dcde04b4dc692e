using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Kms;

/// <summary>A name for a key, in one account and Region. KMS API Reference "AliasListEntry".</summary>
public sealed class Alias : Entity
{
    /// <summary>The name of the key that EBS takes when none is named.</summary>
    public const string EbsName = "alias/aws/ebs";

    /// <summary>The name of the key that Systems Manager's parameters take when none is named.</summary>
    public const string SsmName = "alias/aws/ssm";

    /// <summary>Aliases of one key: KMS's quota.</summary>
    public const int PerKeyMax = 50;

    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The name, beginning with <c>alias/</c>.</summary>
    [MaxLength(256)]
    public required string Name { get; init; }

    /// <summary>The key's id; always of the same account and Region.</summary>
    [MaxLength(64)]
    public required string TargetKeyId { get; set; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreationDate { get; init; }

    /// <summary>When it was last pointed at a key.</summary>
    public required DateTimeOffset LastUpdatedDate { get; set; }

    /// <summary>Refuses names that callers may not give.</summary>
    /// <exception cref="Protocol.Errors.AwsException">ValidationException or NotAuthorizedException.</exception>
    internal static void CheckName(string name)
    {
        if (!name.StartsWith("alias/", StringComparison.Ordinal) || name.Length == "alias/".Length)
        {
            throw KmsError.Of("ValidationException",
                "Alias must start with the prefix \"alias/\". Please see " +
                "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html");
        }
        if (name.StartsWith("alias/aws/", StringComparison.Ordinal))
            throw KmsError.Of("NotAuthorizedException", "The prefix alias/aws/ is reserved.");
    }

    private sealed class Configuration : IEntityTypeConfiguration<Alias>
    {
        public void Configure(EntityTypeBuilder<Alias> builder)
        {
            builder.HasKey(a => new { a.AccountId, a.Region, a.Name });
            builder.HasIndex(a => new { a.Region, a.TargetKeyId });
        }
    }
}
