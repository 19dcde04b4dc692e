using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

/// <summary>A finished copy.</summary>
/// <param name="Manifest">The manifest at the destination, durable.</param>
/// <param name="MovedBlocks">Blocks that the destination lacked.</param>
/// <param name="MovedBytes">Stored bytes that travelled, pages included.</param>
public sealed record CopyResult(ManifestId Manifest, long MovedBlocks, long MovedBytes);
