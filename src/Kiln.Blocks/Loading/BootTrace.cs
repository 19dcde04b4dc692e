using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Loading;

/// <summary>What the first minute of a boot from a manifest reads, in its order, merged over the last boots.</summary>
/// <remarks>A hint and nothing else: without it, or with a wrong one, a boot is slower. Format:
/// docs/formats/trace.md.</remarks>
/// <param name="Manifest">The manifest that was booted from.</param>
/// <param name="Boots">How many boots were merged into it.</param>
/// <param name="Entries">At most <see cref="EntriesMax"/>, in the order of the latest boot that asked for
/// them.</param>
public sealed record BootTrace(ManifestId Manifest, int Boots, IReadOnlyList<TraceEntry> Entries)
{
    /// <summary>64 Ki touches: half a mebibyte on disk. A whole Debian with cloud-init makes a tenth of it.</summary>
    public const int EntriesMax = 1 << 16;

    /// <summary>Adds a boot: its order leads, and what eight boots in a row did not ask for goes.</summary>
    /// <param name="earlier">What is known so far; null for nothing.</param>
    /// <param name="manifest">The manifest.</param>
    /// <param name="touches">Blocks and frames in the order of the boot.</param>
    public static BootTrace Merge(
        BootTrace? earlier, ManifestId manifest, IReadOnlyList<(long Block, byte Frames)> touches)
    {
        var known = new Dictionary<long, byte>();
        foreach (var entry in earlier?.Entries ?? [])
            known[entry.Block] = (byte)(known.GetValueOrDefault(entry.Block) | entry.Boots);
        var seen = new Dictionary<long, byte>();
        var entries = new List<TraceEntry>();
        foreach (var (block, frames) in touches)
        {
            var before = seen.GetValueOrDefault(block);
            seen[block] = (byte)(before | frames);
            var fresh = (byte)(frames & ~before);
            if (fresh != 0)
                entries.Add(new TraceEntry(block, fresh, (byte)((known.GetValueOrDefault(block) << 1) | 1)));
        }

        foreach (var entry in earlier?.Entries ?? [])
        {
            var left = (byte)(entry.Frames & ~seen.GetValueOrDefault(entry.Block));
            var boots = (byte)(entry.Boots << 1);
            if (left != 0 && boots != 0) entries.Add(new TraceEntry(entry.Block, left, boots));
        }

        if (entries.Count > EntriesMax) entries.RemoveRange(EntriesMax, entries.Count - EntriesMax);
        return new BootTrace(manifest, Math.Min((earlier?.Boots ?? 0) + 1, ushort.MaxValue), entries);
    }
}
