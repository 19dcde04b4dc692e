using System.Globalization;

namespace Kiln.Service.Imds;

/// <summary>The root of the metadata tree: the same folder under every version.</summary>
/// <param name="versions">Those that are listed.</param>
/// <param name="tree">What each of them holds.</param>
internal sealed class MetadataVersions(IReadOnlyList<string> versions, MetadataFolder tree)
{
    /// <summary>The file of a path, or the list of a folder; null for neither.</summary>
    public MetadataLeaf? Find(string path)
    {
        var rest = path.TrimStart('/');
        if (rest.Length == 0)
            return MetadataFolder.Leaf(string.Join('\n', versions));
        var end = rest.IndexOf('/', StringComparison.Ordinal);
        var version = end < 0 ? rest : rest[..end];
        return versions.Contains(version) || IsDate(version) ? tree.Find(end < 0 ? "" : rest[end..]) : null;
    }

    private static bool IsDate(string version) => DateOnly.TryParseExact(
        version, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
