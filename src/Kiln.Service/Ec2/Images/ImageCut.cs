using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.Images;

/// <summary>What is still to be cut for a pending image, once its machine is at rest.</summary>
public sealed record ImageCut
{
    /// <summary>The volumes by device name.</summary>
    public required IReadOnlyDictionary<string, string> Volumes { get; init; }

    /// <summary>Tags for the snapshots.</summary>
    public required IReadOnlyList<Tag> SnapshotTags { get; init; }

    /// <summary>What AWS writes on the snapshots of an image.</summary>
    public static string Description(Image image) => $"Created by CreateImage({image.SourceInstanceId}) for {image.Id}";
}
