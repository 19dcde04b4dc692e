using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

// What recompression needs of the inside of the store: docs/decisions/0015-compression-by-effort.md.
public sealed partial class BlockStore
{
    // Open segments with less in them together are not worth sealing: they would only be more files.
    private const long WorthSealing = 1L << 20;

    private long demandedAt;

    /// <summary>Bytes of segment files, and of those the bytes in segments that are dense throughout.</summary>
    public (long Total, long Dense) PackedBytes
    {
        get
        {
            long total = 0, dense = 0;
            foreach (var segment in segments.InUse())
            {
                var length = segment.File.Length;
                total += length;
                if (segment.IsDense) dense += length;
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
        Heal();
        long open = 0;
        foreach (var appender in appenders)
        {
            lock (appender.Gate) open += appender.IsDense ? 0 : appender.OpenBytes;
        }

        if (open < WorthSealing) return false;
        foreach (var appender in appenders)
        {
            if (appender.IsDense) continue;
            lock (appender.Gate) appender.Seal();
        }

        return true;
    }

    private void Demanded() => Volatile.Write(ref demandedAt, Clock.GetTimestamp());
}
