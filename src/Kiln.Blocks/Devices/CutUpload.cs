using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Devices;

/// <summary>The upload of a cut between two turns.</summary>
internal sealed class CutUpload(
    VolumeCut cut, VolumeStack frozen, KeyDomain? domain, long total, UploadEffort effort, ManifestBuilder builder,
    WorkQueue<long> changed) : IDisposable
{
    /// <summary>Bytes stored so far; workers add to it.</summary>
    internal long Done;

    internal VolumeCut Cut => cut;

    internal VolumeStack Frozen => frozen;

    internal KeyDomain? Domain => domain;

    internal long Total => total;

    internal UploadEffort Effort => effort;

    internal ManifestBuilder Builder => builder;

    internal WorkQueue<long> Changed => changed;

    /// <inheritdoc/>
    public void Dispose()
    {
        changed.Dispose();
        builder.Dispose();
    }
}
