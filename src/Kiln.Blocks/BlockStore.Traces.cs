using Kiln.Blocks.Loading;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks;

// Boot traces: hints beside the manifests they speak of. Losing one costs a slower boot.
public sealed partial class BlockStore
{
    private readonly Lock traceGate = new();

    /// <summary>What boots from a manifest read first; null when nothing is known.</summary>
    public BootTrace? FindTrace(ManifestId manifest)
    {
        try
        {
            using var file = backend.Open(TraceFormat.NameOf(manifest));
            if (file.Length > TraceFormat.BytesMax) return null;
            var bytes = new byte[file.Length];
            return TraceFormat.Decode(bytes.AsSpan(0, file.Read(0, bytes)), manifest);
        }
        catch (IOException)
        {
            // There is none, or it is damaged, which the next boot mends.
            return null;
        }
    }

    /// <summary>Merges what a boot read into the trace of its manifest. What cannot be kept is let go.</summary>
    public void AddToTrace(ManifestId manifest, IReadOnlyList<(long Block, byte Frames)> touches)
    {
        if (options.ReadOnly) return;
        lock (traceGate)
        {
            try
            {
                var merged = BootTrace.Merge(FindTrace(manifest), manifest, touches);
                backend.WriteAtomic(TraceFormat.NameOf(manifest), TraceFormat.Encode(merged));
            }
            catch (IOException)
            {
                // A full disk: guests need what is left of it.
            }
        }
    }

    /// <summary>Deletes traces of manifests that are gone.</summary>
    /// <returns>How many.</returns>
    public int SweepTraces()
    {
        var swept = 0;
        lock (traceGate)
        {
            foreach (var name in backend.List(TraceFormat.Folder))
            {
                if (ManifestId.TryParse(name, out var id) && HasManifest(id)) continue;
                backend.Delete($"{TraceFormat.Folder}/{name}");
                swept++;
            }
        }

        return swept;
    }
}
