using Kiln.Service.Ec2.FastRestores;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

public abstract partial class Db
{
    /// <summary>Images of all Regions and accounts, the deregistered among them.</summary>
    public DbSet<Image> Images => Set<Image>();

    /// <summary>Which image holds which snapshot.</summary>
    public DbSet<ImageSnapshot> ImageSnapshots => Set<ImageSnapshot>();

    /// <summary>Launch permissions.</summary>
    public DbSet<LaunchPermission> LaunchPermissions => Set<LaunchPermission>();

    /// <summary>Snapshots.</summary>
    public DbSet<Snapshot> Snapshots => Set<Snapshot>();

    /// <summary>Create-volume permissions.</summary>
    public DbSet<CreateVolumePermission> CreateVolumePermissions => Set<CreateVolumePermission>();

    /// <summary>Volumes.</summary>
    public DbSet<Volume> Volumes => Set<Volume>();

    /// <summary>Fast snapshot restores, the lately disabled among them.</summary>
    public DbSet<FastSnapshotRestore> FastSnapshotRestores => Set<FastSnapshotRestore>();

    /// <summary>Attachments.</summary>
    public DbSet<VolumeAttachment> VolumeAttachments => Set<VolumeAttachment>();

    /// <summary>Instances.</summary>
    public DbSet<Instance> Instances => Set<Instance>();

    /// <summary>Tags on everything.</summary>
    public DbSet<ResourceTag> Tags => Set<ResourceTag>();

    /// <summary>Settings by account and Region.</summary>
    public DbSet<RegionSettings> RegionSettings => Set<RegionSettings>();
}
