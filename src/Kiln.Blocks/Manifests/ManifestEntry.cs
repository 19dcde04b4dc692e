namespace Kiln.Blocks.Manifests;

/// <summary>One written block of a manifest.</summary>
/// <param name="Index">Block index: byte offset divided by <see cref="Block.Size"/>.</param>
/// <param name="Address">Its content; <see cref="BlockAddress.Zero"/> for a block that was written as zeros.</param>
public readonly record struct ManifestEntry(long Index, BlockAddress Address);
