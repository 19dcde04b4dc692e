using Kiln.Blocks.Metrics;

namespace Kiln.Blocks;

/// <summary>How a store is opened. The defaults serve.</summary>
public sealed record BlockStoreOptions
{
    /// <summary>Bytes at which a segment is sealed. 64 to 256 MiB in production; tests take less.</summary>
    public long SegmentBytes { get; init; } = 128L << 20;

    /// <summary>Open segments that puts may append to at the same time; each has a 2 MiB buffer.</summary>
    public int Writers { get; init; } = Math.Clamp(Environment.ProcessorCount + 1, 2, 8);

    /// <summary>Threads that a bulk upload or copy uses: one more than the cores, so that a write overlaps
    /// work.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount + 1, 2, 16);

    /// <summary>What uploads and copies of this store share with others of the process.</summary>
    public BytesInFlight InFlight { get; init; } = new(BytesInFlight.DefaultBound, TimeProvider.System);

    /// <summary>Bound of the shared cache of unpacked frames, in bytes.</summary>
    public long CacheBytes { get; init; } = 64L << 20;

    /// <summary>zstd level at ingest. 1 is the knee: lower gains little speed, higher costs twice.</summary>
    public int ZstdLevel { get; init; } = 1;

    /// <summary>zstd level of recompression: about the least whose result is a tenth smaller than level 1 with blocks
    /// in one piece. 0 has nothing recompressed, and nothing packed lightly either.</summary>
    public int DenseZstdLevel { get; init; } = 14;

    /// <summary>What metrics call the store: its Region. Never a tenant's word.</summary>
    public string Name { get; init; } = "";

    /// <summary>Where it is measured; null for nowhere.</summary>
    public BlockMetrics? Metrics { get; init; }

    /// <summary>Opens without the right to write: puts and commits throw <see
    /// cref="StoreReadOnlyException"/>.</summary>
    public bool ReadOnly { get; init; }
}
