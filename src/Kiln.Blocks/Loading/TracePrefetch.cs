using System.Numerics;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Loading;

/// <summary>Walks a boot trace ahead of the guest and brings what it will ask for into the shared cache.</summary>
/// <remarks>
/// It stays at most a window ahead of what the guest has read, so that a long trace does not push out of the cache what
/// is about to be needed. It ends with the trace, or with the recording.
/// </remarks>
internal sealed class TracePrefetch(
    BlockStore store, Manifest manifest, KeyDomain? domain, BootTrace trace, FirstTouches touches,
    Func<long, bool> isLocal, long windowBytes)
{
    // Entries between two looks at whether something more urgent waits.
    private const int StepEntries = 16;

    // The guest has not caught up: it computes, or waits for somebody.
    private static readonly TimeSpan CatchUp = TimeSpan.FromMilliseconds(5);

    private readonly List<(long Block, byte Frames)> ahead = [];
    private long aheadBytes;
    private int next;

    /// <summary>Loads a few entries.</summary>
    /// <returns>As a step of a <see cref="LoadJob"/>.</returns>
    internal TimeSpan? Step(CancellationToken cancel)
    {
        for (var i = 0; i < StepEntries; i++)
        {
            if (next == trace.Entries.Count || !touches.IsOn) return null;
            if (IsFarAhead()) return CatchUp;
            var entry = trace.Entries[next++];
            if (touches.Has(entry.Block, entry.Frames) || isLocal(entry.Block)
                || !manifest.TryGet(entry.Block, out var address) || address.IsZero) continue;
            store.Cache.YieldToGuests(cancel);
            store.Cache.Prefetch(address, domain, entry.Frames);
            ahead.Add((entry.Block, entry.Frames));
            aheadBytes += BytesOf(entry.Frames);
        }

        return TimeSpan.Zero;
    }

    // What the guest has read by now, in whatever order, makes room for more.
    private bool IsFarAhead()
    {
        if (aheadBytes < windowBytes) return false;
        ahead.RemoveAll(e => touches.Has(e.Block, e.Frames));
        aheadBytes = ahead.Sum(e => BytesOf(e.Frames));
        return aheadBytes >= windowBytes;
    }

    private static long BytesOf(byte frames) => (long)BitOperations.PopCount(frames) * Block.FrameSize;
}
