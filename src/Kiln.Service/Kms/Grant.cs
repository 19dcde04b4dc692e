using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Kms;

/// <summary>A right on one key, given to one principal. KMS API Reference "GrantListEntry".</summary>
public sealed class Grant : Entity
{
    /// <summary>Grants on one key: KMS's quota.</summary>
    public const int PerKeyMax = 50_000;

    /// <summary>64 hex digits.</summary>
    [Key, MaxLength(128)]
    public required string Id { get; init; }

    /// <summary>The key.</summary>
    [MaxLength(256)]
    public required string KeyArn { get; init; }

    /// <summary>A name that makes the same request answer the same grant; empty for none.</summary>
    [MaxLength(256)]
    public string Name { get; init; } = "";

    /// <summary>ARN of the principal that gets the right.</summary>
    [MaxLength(256)]
    public required string GranteePrincipal { get; init; }

    /// <summary>ARN of the principal that may retire it; null for none.</summary>
    [MaxLength(256)]
    public string? RetiringPrincipal { get; init; }

    /// <summary>ARN of the root of the account that gave it.</summary>
    [MaxLength(256)]
    public required string IssuingAccount { get; init; }

    /// <summary>The operations as KMS names them, e.g. <c>Decrypt</c>; sorted.</summary>
    public required IReadOnlyList<string> Operations { get; init; }

    /// <summary>Holds only for requests whose encryption context contains this; null for no such condition.</summary>
    public IReadOnlyDictionary<string, string>? ContextSubset { get; init; }

    /// <summary>Holds only for requests whose encryption context is exactly this; null for no such condition.</summary>
    public IReadOnlyDictionary<string, string>? ContextEquals { get; init; }

    /// <summary>The token that CreateGrant answered.</summary>
    [MaxLength(128)]
    public required string Token { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreationDate { get; init; }

    /// <summary>Whether the grant covers an operation under an encryption context.</summary>
    public bool Covers(string operation, IReadOnlyDictionary<string, string> context) =>
        Operations.Contains(operation, StringComparer.Ordinal)
        && (ContextEquals is null || ContextEquals.Count == context.Count && Within(ContextEquals, context))
        && (ContextSubset is null || Within(ContextSubset, context));

    private static bool Within(IReadOnlyDictionary<string, string> part, IReadOnlyDictionary<string, string> whole) =>
        part.All(pair => whole.TryGetValue(pair.Key, out var value) && value == pair.Value);

    private sealed class Configuration : IEntityTypeConfiguration<Grant>
    {
        public void Configure(EntityTypeBuilder<Grant> builder)
        {
            builder.HasIndex(g => new { g.KeyArn, g.GranteePrincipal });
            builder.HasIndex(g => g.RetiringPrincipal);
            builder.HasIndex(g => g.Token).IsUnique();
            builder.Property(g => g.Operations).HasJson();
            builder.Property(g => g.ContextSubset).HasJson();
            builder.Property(g => g.ContextEquals).HasJson();
        }
    }
}
