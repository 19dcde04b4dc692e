using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Kms;

/// <summary>A symmetric encryption key of one Region. KMS API Reference "KeyMetadata".</summary>
/// <remarks>
/// Multi-Region keys are one row per Region with the same <see cref="KeyId"/> and the same material, and otherwise
/// independent: policy, state, aliases, grants and tags are each Region's own.
/// </remarks>
public sealed class Key : Entity
{
    /// <summary>Tags on one key: KMS's quota.</summary>
    public const int TagsMax = 50;

    /// <summary>The name of a key's only policy.</summary>
    public const string PolicyName = "default";

    /// <summary>The ARN; the row's key, and what EBS resources name.</summary>
    [MaxLength(256)]
    public required string Arn { get; init; }

    /// <summary>A UUID, or <c>mrk-</c> and 32 hex digits for a multi-Region key. Unique in a Region.</summary>
    [MaxLength(64)]
    public required string KeyId { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>What may be done with it.</summary>
    public KeyState State { get; set; } = KeyState.Enabled;

    /// <summary>The key policy as it was given.</summary>
    public required string Policy { get; set; }

    /// <summary>What it is for; may be empty.</summary>
    [MaxLength(8192)]
    public string Description { get; set; } = "";

    /// <summary>Whether AWS, here Kiln, made it for a service: its policy is fixed and it cannot be disabled.</summary>
    public bool AwsManaged { get; init; }

    /// <summary>The Region of the primary, for multi-Region keys; null for others. Equal to its own for the
    /// primary.</summary>
    [MaxLength(32)]
    public string? PrimaryRegion { get; set; }

    /// <summary>The 256 bits of the key, sealed under the master key with <see cref="MaterialContext"/>.</summary>
    public required byte[] SealedMaterial { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreationDate { get; init; }

    /// <summary>When it goes, by the domain clock; null unless pending deletion.</summary>
    public DateTimeOffset? DeletionDate { get; set; }

    /// <summary>The waiting period asked for, in days; null unless deletion is scheduled.</summary>
    public int? PendingWindowInDays { get; set; }

    /// <summary>Its tags.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; set; } = new Dictionary<string, string>();

    /// <summary>Replicas in other Regions, counted at the primary; 0 elsewhere.</summary>
    public int Replicas { get; set; }

    /// <summary>Whether it has, or may have, replicas.</summary>
    public bool MultiRegion => PrimaryRegion is not null;

    /// <summary>Whether it is the primary of a multi-Region key.</summary>
    public bool IsPrimary => PrimaryRegion == Region;

    /// <summary>The context under which the material is sealed: the same for all replicas.</summary>
    public string MaterialContext => $"kms key {KeyId}";

    /// <summary>A new key id.</summary>
    public static string NewId(bool multiRegion) => multiRegion ? $"mrk-{Ids.Hex(16)}" : Ids.Uuid();

    /// <summary>The policy of a key that none was given for: the account's root may do all, so IAM decides.</summary>
    public static string DefaultPolicy(string accountId) =>
        $$"""
        {
          "Version" : "2012-10-17",
          "Id" : "key-default-1",
          "Statement" : [ {
            "Sid" : "Enable IAM User Permissions",
            "Effect" : "Allow",
            "Principal" : {
              "AWS" : "arn:aws:iam::{{accountId}}:root"
            },
            "Action" : "kms:*",
            "Resource" : "*"
          } ]
        }
        """;

    /// <summary>The fixed policy of <c>aws/ebs</c>: all of the account may use it, through EBS alone.</summary>
    public static string EbsPolicy(string accountId, string region) =>
        ManagedPolicy(accountId, "auto-ebs-2", "EBS", $"ec2.{region}.amazonaws.com");

    /// <summary>The policy of <c>alias/aws/ssm</c>, as AWS has it.</summary>
    public static string SsmPolicy(string accountId, string region) =>
        ManagedPolicy(accountId, "auto-ssm-1", "SSM", $"ssm.{region}.amazonaws.com");

    private static string ManagedPolicy(string accountId, string id, string name, string service)
    {
        var sid = $"Allow access through {name} for all principals in the account that are authorized to use {name}";
        return $$"""
        {
          "Version" : "2012-10-17",
          "Id" : "{{id}}",
          "Statement" : [ {
            "Sid" : "{{sid}}",
            "Effect" : "Allow",
            "Principal" : {
              "AWS" : "*"
            },
            "Action" : [ "kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:CreateGrant",
              "kms:DescribeKey" ],
            "Resource" : "*",
            "Condition" : {
              "StringEquals" : {
                "kms:CallerAccount" : "{{accountId}}",
                "kms:ViaService" : "{{service}}"
              }
            }
          }, {
            "Sid" : "Allow direct access to key metadata to the account",
            "Effect" : "Allow",
            "Principal" : {
              "AWS" : "arn:aws:iam::{{accountId}}:root"
            },
            "Action" : [ "kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant" ],
            "Resource" : "*"
          } ]
        }
        """;
    }

    /// <summary>Refuses a key that may not encrypt or decrypt in its present state.</summary>
    /// <exception cref="AwsException">DisabledException or KMSInvalidStateException.</exception>
    public void EnsureUsable()
    {
        if (State == KeyState.Disabled)
            throw KmsError.Disabled(Arn);
        EnsureNotPending();
    }

    /// <summary>Refuses a key that waits for its deletion.</summary>
    /// <exception cref="AwsException">KMSInvalidStateException.</exception>
    public void EnsureNotPending()
    {
        if (State is KeyState.PendingDeletion or KeyState.PendingReplicaDeletion)
            throw KmsError.InvalidState(Arn, State);
    }

    private sealed class Configuration : IEntityTypeConfiguration<Key>
    {
        public void Configure(EntityTypeBuilder<Key> builder)
        {
            builder.HasKey(k => k.Arn);
            builder.HasIndex(k => new { k.Region, k.KeyId }).IsUnique();
            builder.HasIndex(k => new { k.AccountId, k.Region, k.KeyId });
            builder.Property(k => k.Tags).HasJson();
        }
    }
}
