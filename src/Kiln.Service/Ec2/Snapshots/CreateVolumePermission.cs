using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Somebody besides the owner who may read a snapshot and make volumes of it.</summary>
public sealed class CreateVolumePermission
{
    /// <summary>Kind of an account id.</summary>
    public const string UserId = "userId";

    /// <summary>Kind of a group; the only one is <c>all</c>.</summary>
    public const string Group = "group";

    /// <summary>The snapshot.</summary>
    [MaxLength(24)]
    public required string SnapshotId { get; init; }

    /// <summary>One of the kinds above.</summary>
    [MaxLength(24)]
    public required string Kind { get; init; }

    /// <summary>The account id or <c>all</c>.</summary>
    [MaxLength(256)]
    public required string Value { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<CreateVolumePermission>
    {
        public void Configure(EntityTypeBuilder<CreateVolumePermission> builder)
        {
            builder.HasKey(p => new { p.SnapshotId, p.Kind, p.Value });
            builder.HasIndex(p => new { p.Kind, p.Value });
        }
    }
}
