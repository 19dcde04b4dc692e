namespace Kiln.Cli.Snapshots;

/// <summary>What is to become of an upload.</summary>
public sealed record UploadRequest
{
    /// <summary>The snapshot's description.</summary>
    public string? Description { get; init; }

    /// <summary>Whether to encrypt.</summary>
    public bool Encrypted { get; init; }

    /// <summary>The key; the account's default key without it.</summary>
    public string? KmsKeyId { get; init; }

    /// <summary>The volume's size; the smallest that holds the image without it.</summary>
    public int? VolumeSizeGiB { get; init; }

    /// <summary>The snapshot it is an increment over.</summary>
    public string? ParentSnapshotId { get; init; }
}
