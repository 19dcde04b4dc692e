using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Images;

/// <summary>A machine image: metadata over snapshots. EC2 API Reference "Image".</summary>
/// <remarks>A deregistered image stays as a row: its id is never given out again, and instances still name
/// it.</remarks>
public sealed class Image : Entity
{
    /// <summary>DeregisterImage is not refused.</summary>
    public const string Unprotected = "disabled";

    /// <summary>DeregisterImage is refused, and for a day after that has ended.</summary>
    public const string ProtectedWithCooldown = "enabled-with-cooldown";

    /// <summary>DeregisterImage is refused.</summary>
    public const string ProtectedWithoutCooldown = "enabled-without-cooldown";

    /// <summary><c>ami-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The Region it lives in.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>Unique among the owner's images of the Region; null once deregistered, which frees the name.</summary>
    [MaxLength(128)]
    public string? NameKey { get; private set; }

    /// <summary>The name, 3 to 128 characters.</summary>
    [MaxLength(128)]
    public required string Name { get; init; }

    /// <summary>Up to 255 characters.</summary>
    [MaxLength(255)]
    public string Description { get; set; } = "";

    /// <summary>The state; moved by <see cref="Become"/>.</summary>
    public ImageState State { get; private set; } = ImageState.Pending;

    /// <summary>Why it failed, as a code.</summary>
    [MaxLength(64)]
    public string? StateReasonCode { get; private set; }

    /// <summary>Why it failed, in words.</summary>
    [MaxLength(1024)]
    public string? StateReasonMessage { get; private set; }

    /// <summary>Whether the group <c>all</c> may launch it; kept equal to its launch permissions.</summary>
    public bool IsPublic { get; set; }

    /// <summary>What it runs on and how it boots.</summary>
    public required ImagePlatform Platform { get; init; }

    /// <summary><c>ebs</c> or <c>instance-store</c>; never changes.</summary>
    [MaxLength(16)]
    public required string RootDeviceType { get; init; }

    /// <summary>The root's device name, e.g. <c>/dev/xvda</c>.</summary>
    [MaxLength(64)]
    public string? RootDeviceName { get; init; }

    /// <summary>The block device mapping. Immutable documents: assign a new list to change it.</summary>
    public required IReadOnlyList<ImageDevice> Devices { get; set; }

    /// <summary><c>OWNER/NAME</c>, or the path of an instance-store bundle's manifest.</summary>
    [MaxLength(1024)]
    public required string ImageLocation { get; init; }

    /// <summary>When it was asked for, by the domain clock.</summary>
    public required DateTimeOffset CreationDate { get; init; }

    /// <summary>From when on it counts as deprecated, in whole minutes; null for never.</summary>
    public DateTimeOffset? DeprecationTime { get; set; }

    /// <summary>When an instance was last launched from it.</summary>
    public DateTimeOffset? LastLaunchedTime { get; set; }

    /// <summary><c>disabled</c>, <c>enabled-with-cooldown</c> or <c>enabled-without-cooldown</c>.</summary>
    [MaxLength(32)]
    public string DeregistrationProtection { get; set; } = Unprotected;

    /// <summary>While a protection's cooldown runs: its end.</summary>
    public DateTimeOffset? ProtectionCooldownEnd { get; set; }

    /// <summary><c>v2.0</c> where launches must use IMDSv2, else null.</summary>
    [MaxLength(8)]
    public string? ImdsSupport { get; set; }

    /// <summary>Product codes, copied along from its snapshots; an image with one cannot be public.</summary>
    public IReadOnlyList<string> ProductCodes { get; init; } = [];

    /// <summary>The instance it was made from.</summary>
    [MaxLength(24)]
    public string? SourceInstanceId { get; init; }

    /// <summary>The image it descends from directly.</summary>
    [MaxLength(24)]
    public string? SourceImageId { get; init; }

    /// <summary>That image's Region.</summary>
    [MaxLength(32)]
    public string? SourceImageRegion { get; init; }

    /// <summary>What is still to be cut, while the instance is brought to rest; null before and after.</summary>
    public ImageCut? PendingCut { get; set; }

    /// <summary>When it was deregistered.</summary>
    public DateTimeOffset? DeregisteredAt { get; private set; }

    /// <summary>The snapshots in its mapping: these cannot be deleted while the image is registered.</summary>
    public List<ImageSnapshot> Snapshots { get; init; } = [];

    /// <summary>Who besides the owner may launch it.</summary>
    public List<LaunchPermission> LaunchPermissions { get; init; } = [];

    /// <summary>Takes the name into use, on creation.</summary>
    public void ClaimName() => NameKey = Name;

    /// <summary>Takes the snapshots that were cut for it into its mapping.</summary>
    /// <param name="cuts">Snapshots of its instance's volumes, by device name.</param>
    public void Take(IReadOnlyDictionary<string, Snapshot> cuts)
    {
        Devices = [.. Devices.Select(d =>
            cuts.TryGetValue(d.DeviceName, out var s) ? d with { SnapshotId = s.Id } : d)];
        foreach (var snapshot in cuts.Values)
            Snapshots.Add(new ImageSnapshot { ImageId = Id, SnapshotId = snapshot.Id });
        PendingCut = null;
    }

    /// <summary>Whether a state may follow another.</summary>
    public static bool MayBecome(ImageState from, ImageState to) => (from, to) switch
    {
        (ImageState.Pending, ImageState.Available or ImageState.Failed or ImageState.Deregistered) => true,
        (ImageState.Available, ImageState.Disabled or ImageState.Deregistered) => true,
        (ImageState.Disabled, ImageState.Available or ImageState.Deregistered) => true,
        (ImageState.Failed, ImageState.Deregistered) => true,
        _ => false,
    };

    /// <summary>Moves to a state.</summary>
    /// <exception cref="UnreachableException">The state may not follow the present one: the caller should have
    /// looked.</exception>
    public void Become(ImageState state, DateTimeOffset now, string? reasonCode = null, string? reason = null)
    {
        if (!MayBecome(State, state))
            throw new UnreachableException($"Image {Id} cannot go from {State} to {state}.");
        State = state;
        StateReasonCode = reasonCode;
        StateReasonMessage = reason?.Length > 1024 ? reason[..1024] : reason;
        if (state == ImageState.Deregistered)
        {
            NameKey = null;
            DeregisteredAt = now;
        }
    }

    /// <summary>Whether DeregisterImage is refused for now: protected, or in the day after that ended.</summary>
    public bool IsProtected(DateTimeOffset now) =>
        ProtectionCooldownEnd is { } end ? end > now : DeregistrationProtection != Unprotected;

    /// <summary>The protection as the owner sees it, e.g. <c>disabled after 2024-05-01T10:00:00.000Z</c>.</summary>
    public string ProtectionText(DateTimeOffset now) => ProtectionCooldownEnd is not { } end ? DeregistrationProtection
        : end > now ? $"disabled after {ImageItem.Milliseconds(end)}" : Unprotected;

    private sealed class Configuration : IEntityTypeConfiguration<Image>
    {
        public void Configure(EntityTypeBuilder<Image> builder)
        {
            builder.HasIndex(i => new { i.AccountId, i.Region, i.NameKey }).IsUnique();
            builder.HasIndex(i => new { i.Region, i.AccountId, i.Id });
            builder.HasIndex(i => new { i.Region, i.IsPublic, i.Id });
            builder.HasIndex(i => i.SourceImageId);
            builder.Property(i => i.Platform).HasJson();
            builder.Property(i => i.Devices).HasJson();
            builder.Property(i => i.ProductCodes).HasJson();
            builder.Property(i => i.PendingCut).HasJson();
            builder.HasMany(i => i.Snapshots).WithOne().HasForeignKey(s => s.ImageId);
            builder.HasMany(i => i.LaunchPermissions).WithOne().HasForeignKey(p => p.ImageId);
        }
    }
}
