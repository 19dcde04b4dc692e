using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>The key that blocks are sealed with: one for each KMS key, account and Region, wrapped by the KMS
/// key.</summary>
/// <remarks>
/// Equal blocks of one account and key meet under one data key, so increments stay increments over volumes and their
/// snapshots; two accounts under one KMS key share nothing. KMS Developer Guide, "How Amazon EBS uses AWS KMS".
/// </remarks>
public sealed class DataKey
{
    /// <summary>The name under which the block store remembers it, <c>dk-</c> and 17 hex digits.</summary>
    [Key, MaxLength(64)]
    public required string Id { get; init; }

    /// <summary>ARN of the KMS key that wraps it.</summary>
    [MaxLength(256)]
    public required string KmsKeyArn { get; init; }

    /// <summary>The account whose blocks it seals.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The Region of these blocks.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The wrapped key: KMS opens it under <see cref="Context"/>.</summary>
    public required byte[] Wrapped { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The encryption context it is wrapped under.</summary>
    public IReadOnlyDictionary<string, string> Context => ContextOf(Id);

    /// <summary>The encryption context of a data key; EBS's name for it.</summary>
    public static IReadOnlyDictionary<string, string> ContextOf(string id) =>
        new Dictionary<string, string> { ["aws:ebs:id"] = id };

    private sealed class Configuration : IEntityTypeConfiguration<DataKey>
    {
        public void Configure(EntityTypeBuilder<DataKey> builder)
        {
            builder.HasIndex(k => new { k.KmsKeyArn, k.AccountId, k.Region }).IsUnique();
            builder.Ignore(k => k.Context);
        }
    }
}
