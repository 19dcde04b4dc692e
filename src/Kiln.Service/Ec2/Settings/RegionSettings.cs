using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Settings;

/// <summary>An account's settings in one Region. No row means the defaults.</summary>
public sealed class RegionSettings : Entity
{
    /// <summary>Sharing with everybody is allowed.</summary>
    public const string Unblocked = "unblocked";

    /// <summary>Nothing more may be shared with everybody.</summary>
    public const string BlockNewSharing = "block-new-sharing";

    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>Whether new volumes and copies are encrypted without being asked.</summary>
    public bool EncryptionByDefault { get; set; }

    /// <summary>ARN of the default EBS key; null for <c>alias/aws/ebs</c>.</summary>
    [MaxLength(256)]
    public string? DefaultKmsKeyId { get; set; }

    /// <summary><c>unblocked</c> or <c>block-new-sharing</c>.</summary>
    [MaxLength(32)]
    public string ImageBlockPublicAccess { get; set; } = Unblocked;

    /// <summary><c>unblocked</c>, <c>block-new-sharing</c> or <c>block-all-sharing</c>.</summary>
    [MaxLength(32)]
    public string SnapshotBlockPublicAccess { get; set; } = Unblocked;

    /// <summary>The caller's row in the call's Region, tracked; a new one where there is none.</summary>
    public static async Task<RegionSettings> Of(Db db, Call call, CancellationToken cancel)
    {
        var row = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        return row ?? db.Add(new RegionSettings { AccountId = call.AccountId, Region = call.Region }).Entity;
    }

    private sealed class Configuration : IEntityTypeConfiguration<RegionSettings>
    {
        public void Configure(EntityTypeBuilder<RegionSettings> builder) =>
            builder.HasKey(s => new { s.AccountId, s.Region });
    }
}
