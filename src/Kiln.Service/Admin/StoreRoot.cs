namespace Kiln.Service.Admin;

/// <summary>A row that needs a manifest: a completed snapshot, or a volume made of one.</summary>
/// <param name="ResourceId">The row's id.</param>
/// <param name="ManifestId">The manifest.</param>
/// <param name="DataKeyId">The data key of its blocks; null in the clear.</param>
internal sealed record StoreRoot(string ResourceId, string ManifestId, string? DataKeyId);
