using Kiln.Blocks.Manifests;

namespace Kiln.Service.Ec2.Storage;

/// <summary>What a finished upload or copy has made.</summary>
/// <param name="Manifest">The manifest, durable.</param>
/// <param name="MovedBytes">Bytes that had to be read or moved for it.</param>
public sealed record TransferOutcome(ManifestId Manifest, long MovedBytes);
