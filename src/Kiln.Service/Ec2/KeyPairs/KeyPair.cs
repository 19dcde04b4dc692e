using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.KeyPairs;

/// <summary>The public half of a key pair. The private half is never stored. EC2 API Reference "KeyPairInfo".</summary>
public sealed class KeyPair
{
    /// <summary>Key pairs per account and Region: EC2's default quota.</summary>
    public const int PerRegionMax = 5_000;

    /// <summary><c>key-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The name, unique in account and Region.</summary>
    [MaxLength(255)]
    public required string Name { get; init; }

    /// <summary><c>rsa</c> or <c>ed25519</c>.</summary>
    [MaxLength(8)]
    public required string KeyType { get; init; }

    /// <summary>The fingerprint in the form that EC2 shows for its type and origin.</summary>
    [MaxLength(64)]
    public required string Fingerprint { get; init; }

    /// <summary>The public key as an OpenSSH line.</summary>
    public required string PublicKey { get; init; }

    /// <summary>When it was made or imported.</summary>
    public required DateTimeOffset CreateTime { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<KeyPair>
    {
        public void Configure(EntityTypeBuilder<KeyPair> builder) =>
            builder.HasIndex(k => new { k.AccountId, k.Region, k.Name }).IsUnique();
    }
}
