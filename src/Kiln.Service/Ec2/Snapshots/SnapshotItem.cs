using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>A snapshot as the API shows it. EC2 API Reference "Snapshot".</summary>
public sealed record SnapshotItem
{
    private static readonly string[] Percent =
        [.. Enumerable.Range(0, 101).Select(n => string.Create(CultureInfo.InvariantCulture, $"{n}%"))];

    /// <summary>The id.</summary>
    public required string SnapshotId { get; init; }

    /// <summary>The volume it was cut from, or <see cref="Snapshot.NoVolume"/>.</summary>
    public required string VolumeId { get; init; }

    /// <summary>The state.</summary>
    [Wire("status")]
    public required SnapshotState State { get; init; }

    /// <summary>Why it failed.</summary>
    [Wire("statusMessage")]
    public string? StateMessage { get; init; }

    /// <summary>The point in time.</summary>
    public required DateTimeOffset StartTime { get; init; }

    /// <summary>When its last block was stored.</summary>
    public DateTimeOffset? CompletionTime { get; init; }

    /// <summary><c>0%</c> to <c>100%</c>.</summary>
    public required string Progress { get; init; }

    /// <summary>The owner.</summary>
    public required string OwnerId { get; init; }

    /// <summary>The description; may be empty.</summary>
    public required string Description { get; init; }

    /// <summary>GiB.</summary>
    public required int VolumeSize { get; init; }

    /// <summary>Bytes of all its written blocks; absent until it is completed.</summary>
    public long? FullSnapshotSizeInBytes { get; init; }

    /// <summary>Whether it is encrypted.</summary>
    public required bool Encrypted { get; init; }

    /// <summary>The key's ARN.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>The data key.</summary>
    public string? DataEncryptionKeyId { get; init; }

    /// <summary><c>standard</c>.</summary>
    public string StorageTier { get; init; } = "standard";

    /// <summary><c>standard</c> or <c>time-based</c> for copies, else absent.</summary>
    public string? TransferType { get; init; }

    /// <summary>For time-based copies: minutes within which it is to be completed.</summary>
    public int? CompletionDurationMinutes { get; init; }

    /// <summary>The caller's own tags.</summary>
    [Wire("tagSet")]
    public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>Describes a snapshot.</summary>
    public static SnapshotItem Of(Snapshot snapshot, IReadOnlyList<Tag> tags) => new()
    {
        SnapshotId = snapshot.Id,
        VolumeId = snapshot.VolumeId,
        State = snapshot.State,
        StateMessage = snapshot.StateMessage,
        StartTime = snapshot.StartTime,
        CompletionTime = snapshot.CompletionTime,
        Progress = ProgressText(snapshot),
        OwnerId = snapshot.AccountId,
        Description = snapshot.Description,
        VolumeSize = snapshot.VolumeSizeGiB,
        FullSnapshotSizeInBytes = snapshot.State == SnapshotState.Completed ? snapshot.FullSizeBytes : null,
        Encrypted = snapshot.Encrypted,
        KmsKeyId = snapshot.KmsKeyId,
        DataEncryptionKeyId = snapshot.DataKeyId,
        TransferType = TransferTypeOf(snapshot),
        CompletionDurationMinutes = snapshot.CompletionDurationMinutes,
        Tags = tags,
    };

    /// <summary>The progress as a text.</summary>
    public static string ProgressText(Snapshot snapshot) => Percent[Math.Clamp(snapshot.ProgressPercent, 0, 100)];

    /// <summary>The transfer type; only copies have one.</summary>
    public static string? TransferTypeOf(Snapshot snapshot) =>
        snapshot.Origin != SnapshotOrigin.Copy ? null
            : snapshot.CompletionDurationMinutes is null ? "standard" : "time-based";
}
