using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>A point-in-time copy of a volume: a row over an immutable manifest of blocks. EC2 API Reference
/// "Snapshot".</summary>
public sealed class Snapshot : Entity
{
    /// <summary>What a copied or directly written snapshot shows for its volume, as AWS does.</summary>
    public const string NoVolume = "vol-ffffffff";

    /// <summary><c>snap-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The Region it lives in.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The node whose disks hold its blocks while blocks are local files.</summary>
    [MaxLength(40)]
    public required string NodeId { get; init; }

    /// <summary>The volume it was cut from, or <see cref="NoVolume"/>.</summary>
    [MaxLength(24)]
    public string VolumeId { get; init; } = NoVolume;

    /// <summary>The volume's size in GiB.</summary>
    public required int VolumeSizeGiB { get; init; }

    /// <summary>The state; moved by <see cref="Complete"/> and <see cref="Fail"/>.</summary>
    public SnapshotState State { get; private set; } = SnapshotState.Pending;

    /// <summary>Why it failed.</summary>
    [MaxLength(1024)]
    public string? StateMessage { get; private set; }

    /// <summary>How much of the data is stored, 0 to 100.</summary>
    public int ProgressPercent { get; set; }

    /// <summary>The point in time.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>When its last block was stored.</summary>
    public DateTimeOffset? CompletionTime { get; private set; }

    /// <summary>Up to 255 characters.</summary>
    [MaxLength(255)]
    public string Description { get; init; } = "";

    /// <summary>Whether its blocks are encrypted.</summary>
    public bool Encrypted { get; init; }

    /// <summary>The key's ARN; null for a clear snapshot.</summary>
    [MaxLength(256)]
    public string? KmsKeyId { get; init; }

    /// <summary>The data key its blocks are sealed with; null for a clear snapshot, or until an asynchronous key
    /// check.</summary>
    [MaxLength(64)]
    public string? DataKeyId { get; set; }

    /// <summary>How its blocks come to be.</summary>
    public required SnapshotOrigin Origin { get; init; }

    /// <summary>The volume's cut to upload from, while pending.</summary>
    [MaxLength(64)]
    public string? CutId { get; set; }

    /// <summary>The snapshot copied from.</summary>
    [MaxLength(24)]
    public string? SourceSnapshotId { get; init; }

    /// <summary>The Region copied from.</summary>
    [MaxLength(32)]
    public string? SourceRegion { get; init; }

    /// <summary>For time-based copies: minutes within which it is to be completed.</summary>
    public int? CompletionDurationMinutes { get; init; }

    /// <summary>For direct writes: the snapshot it is an increment over.</summary>
    [MaxLength(24)]
    public string? ParentSnapshotId { get; init; }

    /// <summary>For direct writes: the parent's manifest, kept from collection while this one is pending.</summary>
    [MaxLength(128)]
    public string? ParentManifestId { get; init; }

    /// <summary>For direct writes: when an abandoned one fails; moves with every write.</summary>
    public DateTimeOffset? DirectDeadline { get; set; }

    /// <summary>For direct writes: minutes without a write after which it fails, 10 to 4320.</summary>
    public int DirectTimeoutMinutes { get; init; }

    /// <summary>For direct writes: the number of blocks that CompleteSnapshot counted; null until it was
    /// called.</summary>
    public int? DirectBlocks { get; set; }

    /// <summary>For direct writes: the linear checksum to hold the written blocks against, base64; or null.</summary>
    [MaxLength(64)]
    public string? DirectChecksum { get; set; }

    /// <summary>The manifest in the Region's block store; null until completed.</summary>
    [MaxLength(128)]
    public string? ManifestId { get; private set; }

    /// <summary>The manifest of one of a set that is stored, while the others are not: all complete together.</summary>
    [MaxLength(128)]
    public string? UploadedManifestId { get; set; }

    /// <summary>Bytes of all its written blocks, unpacked.</summary>
    public long FullSizeBytes { get; private set; }

    /// <summary>Bytes that had to be newly stored or moved for it, so far, restarts included.</summary>
    public long TransferredBytes { get; set; }

    /// <summary>When every snapshot of a lineage descends from one volume, its oldest ancestor's id: what may be
    /// compared.</summary>
    [MaxLength(24)]
    public required string LineageId { get; init; }

    /// <summary>What the machine whose root this was runs on; null when unknown (D-5).</summary>
    public ImagePlatform? Platform { get; init; }

    /// <summary>Product codes that travel with the blocks.</summary>
    public IReadOnlyList<string> ProductCodes { get; init; } = [];

    /// <summary>Whether everybody may make volumes of it; kept equal to its permissions.</summary>
    public bool IsPublic { get; set; }

    /// <summary>Whether DeleteSnapshot was called while it was pending: it goes as soon as it is completed.</summary>
    public bool DeleteRequested { get; set; }

    /// <summary>CreateSnapshots: all of a set fail when one does.</summary>
    [MaxLength(24)]
    public string? SetId { get; init; }

    /// <summary>What keeps it from deletion; null for nothing.</summary>
    public SnapshotLock? Lock { get; set; }

    /// <summary>Who besides the owner may make volumes of it.</summary>
    public List<CreateVolumePermission> Permissions { get; init; } = [];

    /// <summary>The snapshot of a volume at an instant: pending, to be uploaded from the cut of its own id.</summary>
    /// <param name="volume">The volume, whose key and lineage it takes.</param>
    /// <param name="id">The snapshot's id.</param>
    /// <param name="description">Up to 255 characters.</param>
    /// <param name="now">The instant.</param>
    /// <param name="setId">Names the set where several are cut together and fail together, else null.</param>
    public static Snapshot CutOf(
        Volume volume, string id, string description, DateTimeOffset now, string? setId = null) => new()
    {
        Id = id,
        Region = volume.Region,
        AccountId = volume.AccountId,
        NodeId = volume.NodeId,
        VolumeId = volume.Id,
        VolumeSizeGiB = volume.SizeGiB,
        StartTime = now,
        Description = description,
        Encrypted = volume.Encrypted,
        KmsKeyId = volume.KmsKeyId,
        DataKeyId = volume.DataKeyId,
        Origin = SnapshotOrigin.Volume,
        CutId = id,
        LineageId = volume.LineageId,
        Platform = volume.Platform,
        ProductCodes = volume.ProductCodes,
        SetId = setId,
    };

    /// <summary>A copy of a snapshot, pending; failed at once where its key cannot be used.</summary>
    /// <param name="source">What is copied.</param>
    /// <param name="key">The key of the copy.</param>
    /// <param name="call">The call, whose account and Region the copy is made in.</param>
    /// <param name="nodeId">The node that will hold its blocks.</param>
    /// <param name="description">Up to 255 characters.</param>
    /// <param name="now">When the copy was asked for.</param>
    /// <param name="minutes">For a time-based copy: within which time.</param>
    public static Snapshot CopyOf(
        Snapshot source, EbsKey key, Call call, string nodeId, string description, DateTimeOffset now, int? minutes)
    {
        var copy = new Snapshot
        {
            Id = Ids.New("snap"),
            Region = call.Region,
            AccountId = call.AccountId,
            NodeId = nodeId,
            VolumeSizeGiB = source.VolumeSizeGiB,
            StartTime = now,
            Description = description,
            Encrypted = key.Encrypted,
            KmsKeyId = key.KmsKeyArn,
            DataKeyId = key.DataKeyId,
            Origin = SnapshotOrigin.Copy,
            SourceSnapshotId = source.Id,
            SourceRegion = source.Region,
            CompletionDurationMinutes = minutes,
            LineageId = source.LineageId,
            Platform = source.Platform,
            ProductCodes = source.ProductCodes,
        };
        if (key.Problem is { } problem)
            copy.Fail(problem, now);
        return copy;
    }

    /// <summary>It waits for something that will pass; it stays pending.</summary>
    public void Stall(string message) => StateMessage = message;

    /// <summary>All blocks are stored under this manifest.</summary>
    public void Complete(string manifestId, long fullSizeBytes, DateTimeOffset now)
    {
        if (State != SnapshotState.Pending)
            throw new UnreachableException($"Snapshot {Id} cannot go from {State} to completed.");
        State = SnapshotState.Completed;
        StateMessage = null;
        ManifestId = manifestId;
        FullSizeBytes = fullSizeBytes;
        ProgressPercent = 100;
        CompletionTime = now;
        CutId = null;
        UploadedManifestId = null;
    }

    /// <summary>Whether a lock keeps it from deletion now.</summary>
    public bool IsLocked(DateTimeOffset now) =>
        Lock is { } held && held.StateAt(this, now) != SnapshotLock.State.Expired;

    /// <summary>It cannot be made.</summary>
    public void Fail(string message, DateTimeOffset now)
    {
        if (State != SnapshotState.Pending)
            throw new UnreachableException($"Snapshot {Id} cannot go from {State} to error.");
        State = SnapshotState.Error;
        StateMessage = message.Length > 1024 ? message[..1024] : message;
        CompletionTime = now;
        CutId = null;
    }

    private sealed class Configuration : IEntityTypeConfiguration<Snapshot>
    {
        public void Configure(EntityTypeBuilder<Snapshot> builder)
        {
            builder.HasIndex(s => new { s.Region, s.AccountId, s.Id });
            builder.HasIndex(s => new { s.Region, s.IsPublic, s.Id });
            builder.HasIndex(s => s.VolumeId);
            builder.HasIndex(s => s.SourceSnapshotId);
            builder.HasIndex(s => s.SetId);
            builder.Property(s => s.Platform).HasJson();
            builder.Property(s => s.ProductCodes).HasJson();
            builder.Property(s => s.Lock).HasJson();
            builder.HasMany(s => s.Permissions).WithOne().HasForeignKey(p => p.SnapshotId);
        }
    }
}
