using Kiln.Blocks.Backends;

namespace Kiln.Blocks.Packing;

/// <summary>Says between two records whether the background may go on. For the thread that works.</summary>
/// <remarks>
/// Two signs that the machine is wanted: blocks are put or read; or this thread, which every other goes before, does
/// not get its processor, so that guests and other processes count as well.
/// </remarks>
internal sealed class Pace(BlockStore store, RecompressionOptions options, CancellationToken cancel)
{
    // A shorter time says nothing about who gets the processor.
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    private readonly long began = store.Clock.GetTimestamp();
    private long lookedAt = store.Clock.GetTimestamp();
    private TimeSpan worked = Libc.ThreadTime();

    internal bool MayGoOn(RecompressionReport report)
    {
        cancel.ThrowIfCancellationRequested();
        RecompressionEnd? end = null;
        if (store.IsInDemand(options.Quiet) || IsStarved()) end = RecompressionEnd.Demand;
        else if (report.Records >= options.RecordsMax || store.Clock.GetElapsedTime(began) >= options.Slice)
            end = RecompressionEnd.SliceOver;
        report.End = end ?? report.End;
        return end is null;
    }

    private bool IsStarved()
    {
        var elapsed = store.Clock.GetElapsedTime(lookedAt);
        if (elapsed < Look) return false;
        var now = Libc.ThreadTime();
        var share = (now - worked) / elapsed;
        (lookedAt, worked) = (store.Clock.GetTimestamp(), now);
        return share < options.ProcessorShareMin;
    }
}
