using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Tags;

/// <summary>One tag that one account has put on one resource. Another account never sees it.</summary>
public sealed class ResourceTag
{
    /// <summary>User tags on one resource: EC2's quota. Tags with the prefix <c>aws:</c> do not count.</summary>
    public const int UserTagsMax = 50;

    /// <summary>The resource.</summary>
    [MaxLength(128)]
    public required string ResourceId { get; init; }

    /// <summary>The account whose tag it is.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The key, case-sensitive.</summary>
    [MaxLength(128)]
    public required string Key { get; init; }

    /// <summary>The value, case-sensitive; may be empty.</summary>
    [MaxLength(256)]
    public required string Value { get; set; }

    /// <summary>The resource's type as EC2 names it, e.g. <c>image</c>.</summary>
    [MaxLength(64)]
    public required string ResourceType { get; init; }

    /// <summary>The resource's Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>A row for a tag that was checked.</summary>
    public static ResourceTag Of(Tag tag, string resourceType, string resourceId, string accountId, string region) =>
        new()
        {
            ResourceId = resourceId,
            AccountId = accountId,
            Key = tag.Key!,
            Value = tag.Value ?? "",
            ResourceType = resourceType,
            Region = region,
        };

    private sealed class Configuration : IEntityTypeConfiguration<ResourceTag>
    {
        public void Configure(EntityTypeBuilder<ResourceTag> builder)
        {
            builder.HasKey(t => new { t.ResourceId, t.AccountId, t.Key });
            builder.HasIndex(t => new { t.AccountId, t.Key, t.Value, t.ResourceId });
        }
    }
}
