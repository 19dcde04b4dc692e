using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

/// <summary>No manifest has this id.</summary>
public sealed class ManifestMissingException(ManifestId id) : BlockStoreException($"No manifest {id} in this store.")
{
    /// <summary>The id that was asked for.</summary>
    public ManifestId Id { get; } = id;
}
