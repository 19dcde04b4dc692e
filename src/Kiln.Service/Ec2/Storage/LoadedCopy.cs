namespace Kiln.Service.Ec2.Storage;

/// <summary>A snapshot's content, unpacked on a node's disk, that volumes share.</summary>
/// <param name="Region">The Region.</param>
/// <param name="ManifestId">The manifest: it names the content and its key.</param>
/// <param name="SizeGiB">The snapshot's size.</param>
/// <param name="DataKeyId">The data key of the snapshot, under which the copy lies on the disk too; null in the
/// clear.</param>
public sealed record LoadedCopy(string Region, string ManifestId, int SizeGiB, string? DataKeyId)
{
    /// <summary>Its name among transfers.</summary>
    public string Key => $"{Region}/{ManifestId}";
}
