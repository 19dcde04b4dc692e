using Kiln.Draft;
using Kiln.Tests.Architecture;

namespace Kiln.Tests.Contract;

/// <summary>The distilled models of the tree.</summary>
public static class Models
{
    private const string Folder = "tests/Kiln.Tests/Contract/Model";

    private static readonly Dictionary<string, Lazy<ApiModel>> ByService =
        Directory.EnumerateFiles(Path.Combine(Tree.Root, Folder), "*.json").ToDictionary(
            f => Path.GetFileNameWithoutExtension(f), f =>
                new Lazy<ApiModel>(() => ApiModel.Read(f)), StringComparer.Ordinal);

    /// <summary>All services with a model, in order.</summary>
    public static IEnumerable<string> Services => ByService.Keys.Order(StringComparer.Ordinal);

    /// <summary>A service's model.</summary>
    /// <exception cref="KeyNotFoundException">It is not distilled: see tools/Kiln.Draft/Selection.cs.</exception>
    public static ApiModel Of(string service) => ByService[service].Value;
}
