using System.ComponentModel.DataAnnotations;
using Kiln.Service.Ec2.Snapshots;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Images;

/// <summary>That a registered image's mapping names a snapshot. The foreign key is what keeps the snapshot.</summary>
public sealed class ImageSnapshot
{
    /// <summary>The image.</summary>
    [MaxLength(24)]
    public required string ImageId { get; init; }

    /// <summary>The snapshot.</summary>
    [MaxLength(24)]
    public required string SnapshotId { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<ImageSnapshot>
    {
        public void Configure(EntityTypeBuilder<ImageSnapshot> builder)
        {
            builder.HasKey(s => new { s.ImageId, s.SnapshotId });
            builder.HasIndex(s => s.SnapshotId);
            builder.HasOne<Snapshot>().WithMany().HasForeignKey(s => s.SnapshotId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}
