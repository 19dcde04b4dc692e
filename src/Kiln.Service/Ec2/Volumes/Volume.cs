using System.ComponentModel.DataAnnotations;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>An EBS volume: a row over a device of the data plane. EC2 API Reference "Volume".</summary>
public sealed class Volume : Entity
{
    /// <summary><c>vol-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The Region it lives in.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The node whose disks hold it.</summary>
    [MaxLength(40)]
    public required string NodeId { get; init; }

    /// <summary>The Availability Zone, e.g. <c>us-east-1a</c>.</summary>
    [MaxLength(40)]
    public required string AvailabilityZone { get; init; }

    /// <summary>Size in GiB; only grows.</summary>
    public required int SizeGiB { get; set; }

    /// <summary><c>gp2</c>, <c>gp3</c>, <c>io1</c>, <c>io2</c>, <c>st1</c>, <c>sc1</c> or <c>standard</c>.</summary>
    [MaxLength(16)]
    public required string VolumeType { get; set; }

    /// <summary>IOPS as the API shows them; null where the type has none.</summary>
    public int? Iops { get; set; }

    /// <summary>MiB/s, gp3 only.</summary>
    public int? Throughput { get; set; }

    /// <summary>The state.</summary>
    public VolumeState State { get; set; } = VolumeState.Creating;

    /// <summary>The snapshot it was made from; empty text on the wire when null.</summary>
    [MaxLength(24)]
    public string? SnapshotId { get; init; }

    /// <summary>The manifest below its own blocks: kept from collection as long as the volume lives.</summary>
    [MaxLength(128)]
    public string? BaseManifestId { get; init; }

    /// <summary>The size of the snapshot below; null for none.</summary>
    public int? BaseSizeGiB { get; init; }

    /// <summary>The data key of the manifest below, where it differs from the volume's own.</summary>
    [MaxLength(64)]
    public string? BaseDataKeyId { get; init; }

    /// <summary>The rate in MiB/s at which it is to be initialized from its snapshot; null for the node's
    /// own.</summary>
    public int? InitializationRate { get; init; }

    /// <summary>Whether it took a credit of a fast snapshot restore.</summary>
    public bool FastRestored { get; set; }

    /// <summary>When all that its snapshot has was on this node's disk; null until then, and for empty
    /// volumes.</summary>
    public DateTimeOffset? InitializedAt { get; set; }

    /// <summary>Whether it is encrypted.</summary>
    public bool Encrypted { get; init; }

    /// <summary>The key's ARN; null for a clear volume.</summary>
    [MaxLength(256)]
    public string? KmsKeyId { get; init; }

    /// <summary>The data key of its own blocks and of its snapshots.</summary>
    [MaxLength(64)]
    public string? DataKeyId { get; init; }

    /// <summary>Whether several instances may attach it (io1, io2).</summary>
    public bool MultiAttachEnabled { get; set; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreateTime { get; init; }

    /// <summary>The latest completed snapshot that was cut from it: the next one builds on its manifest.</summary>
    [MaxLength(128)]
    public string? LastManifestId { get; set; }

    /// <summary>What may be compared by ListChangedBlocks: that of the snapshot it came from, else its own
    /// id.</summary>
    [MaxLength(24)]
    public required string LineageId { get; init; }

    /// <summary>What the machine whose root this is runs on; null for data volumes of unknown origin.</summary>
    public ImagePlatform? Platform { get; init; }

    /// <summary>Product codes that travel with the blocks.</summary>
    public IReadOnlyList<string> ProductCodes { get; init; } = [];

    /// <summary>The attribute autoEnableIO. Kiln never takes a volume's I/O away, so it is kept and shown
    /// only.</summary>
    public bool AutoEnableIO { get; set; }

    /// <summary>Why it is in the state error; null otherwise.</summary>
    [MaxLength(1024)]
    public string? StateMessage { get; private set; }

    /// <summary>The attachment; several only with multi-attach.</summary>
    public List<VolumeAttachment> Attachments { get; init; } = [];

    /// <summary>It cannot be made.</summary>
    public void Fail(string message)
    {
        State = VolumeState.Error;
        StateMessage = message.Length > 1024 ? message[..1024] : message;
    }

    private sealed class Configuration : IEntityTypeConfiguration<Volume>
    {
        public void Configure(EntityTypeBuilder<Volume> builder)
        {
            builder.HasIndex(v => new { v.Region, v.AccountId, v.Id });
            builder.HasIndex(v => v.SnapshotId);
            builder.Property(v => v.Platform).HasJson();
            builder.Property(v => v.ProductCodes).HasJson();
            builder.HasMany(v => v.Attachments).WithOne().HasForeignKey(a => a.VolumeId);
        }
    }
}
