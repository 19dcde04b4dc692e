namespace Kiln.Blocks.Manifests;

/// <summary>One block in which two manifests differ; null where a side has not written it.</summary>
public readonly record struct ManifestChange(long Index, BlockAddress? First, BlockAddress? Second);
