using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>A volume's place on an instance. EC2 API Reference "VolumeAttachment".</summary>
public sealed class VolumeAttachment : Entity
{
    /// <summary>The volume.</summary>
    [MaxLength(24)]
    public required string VolumeId { get; init; }

    /// <summary>The instance.</summary>
    [MaxLength(24)]
    public required string InstanceId { get; init; }

    /// <summary>The device name, e.g. <c>/dev/sdf</c>.</summary>
    [MaxLength(64)]
    public required string Device { get; init; }

    /// <summary>The state.</summary>
    public AttachmentState State { get; set; } = AttachmentState.Attaching;

    /// <summary>When AttachVolume was called or the instance launched.</summary>
    public required DateTimeOffset AttachTime { get; init; }

    /// <summary>Whether the volume goes with the instance.</summary>
    public bool DeleteOnTermination { get; set; }

    /// <summary>Whether a detaching volume is taken although the guest does not let go.</summary>
    public bool ForceDetach { get; set; }

    private sealed class Configuration : IEntityTypeConfiguration<VolumeAttachment>
    {
        public void Configure(EntityTypeBuilder<VolumeAttachment> builder)
        {
            builder.HasKey(a => new { a.VolumeId, a.InstanceId });
            builder.HasIndex(a => new { a.InstanceId, a.Device }).IsUnique();
        }
    }
}
