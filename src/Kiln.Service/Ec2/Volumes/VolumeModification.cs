using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>A change to a volume, under way or past. EC2 API Reference "VolumeModification".</summary>
/// <remarks>Kept for a day for the limit on changes; the newest one is kept as long as the volume.</remarks>
public sealed class VolumeModification : Entity
{
    /// <summary>Changes of one volume within <see cref="Window"/>: EBS's quota.</summary>
    public const int PerWindowMax = 4;

    /// <summary>The time over which changes are counted.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromHours(24);

    /// <summary>The volume.</summary>
    [MaxLength(24)]
    public required string VolumeId { get; init; }

    /// <summary>Counts the volume's changes from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The state.</summary>
    public VolumeModificationState State { get; set; } = VolumeModificationState.Modifying;

    /// <summary>Why it failed, or null.</summary>
    [MaxLength(1024)]
    public string? StatusMessage { get; set; }

    /// <summary>When it was asked for.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndTime { get; set; }

    /// <summary>The volume before.</summary>
    public required VolumeShape Original { get; init; }

    /// <summary>The volume afterwards.</summary>
    public required VolumeShape Target { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<VolumeModification>
    {
        public void Configure(EntityTypeBuilder<VolumeModification> builder)
        {
            builder.HasKey(m => new { m.VolumeId, m.Number });
            builder.Property(m => m.Original).HasJson();
            builder.Property(m => m.Target).HasJson();
        }
    }
}
