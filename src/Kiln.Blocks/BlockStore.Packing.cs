using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// What recompression needs of the inside of the store: docs/decisions/0012-compression-by-effort.md.
public sealed partial class BlockStore
{
    // An open segment with less in it is not worth sealing: it would only be one more file.
    private const long WorthSealing = 1L << 20;

    private long demandedAt;

    /// <summary>Bytes of segment files, and of those the bytes in segments that are dense throughout.</summary>
    public (long Total, long Dense) SegmentBytes
    {
        get
        {
            long total = 0, dense = 0;
            foreach (var segment in segments.All)
            {
                try
                {
                    var length = segment.File.Length;
                    total += length;
                    if (segment.IsDense) dense += length;
                }
                catch (ObjectDisposedException)
                {
                    // Collected meanwhile.
                }
            }

            return (total, dense);
        }
    }

    /// <summary>True when blocks were put or read within this time: whoever works in the background holds
    /// still.</summary>
    internal bool IsInDemand(TimeSpan within) => Clock.GetElapsedTime(Volatile.Read(ref demandedAt)) < within;

    /// <summary>Seals what ingest has left open, so that it can be recompressed; false when there is nothing worth
    /// it.</summary>
    internal bool TrySealIngested()
    {
        var any = false;
        foreach (var appender in appenders)
        {
            if (appender.IsDense) continue;
            lock (appender.Gate)
            {
                if (appender.OpenBytes < WorthSealing) continue;
                appender.Seal();
                any = true;
            }
        }

        return any;
    }

    private void Demanded() => Volatile.Write(ref demandedAt, Clock.GetTimestamp());
}
