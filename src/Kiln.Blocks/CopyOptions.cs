using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

/// <summary>How a manifest is copied.</summary>
public sealed record CopyOptions
{
    /// <summary>An earlier manifest of the same lineage and its copy at the destination (in the destination's domain):
    /// only what changed since is looked at. Not needed for correctness, nor when no key changes.</summary>
    public (ManifestId Source, ManifestId Copy)? Earlier { get; init; }

    /// <summary>True when an earlier process began this copy: what it has brought is kept from collection until this
    /// one has come to it.</summary>
    public bool Resumed { get; init; }

    /// <summary>Rates to keep to, all of them.</summary>
    public IReadOnlyList<BandwidthLimit> Limits { get; init; } = [];

    /// <summary>Told now and then, from worker threads.</summary>
    public IProgress<TransferProgress>? Progress { get; init; }
}
