using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

/// <summary>What a set of manifests costs.</summary>
/// <param name="Manifests">Each one's share.</param>
/// <param name="Blocks">Different blocks that any of them reaches.</param>
/// <param name="StoredBytes">Bytes on disk of those blocks.</param>
public sealed record StoreUsage(
    IReadOnlyDictionary<ManifestId, ManifestUsage> Manifests, long Blocks, long StoredBytes);
