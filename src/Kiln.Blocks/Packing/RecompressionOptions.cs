using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Packing;

/// <summary>How recompression treads.</summary>
public sealed record RecompressionOptions
{
    /// <summary>The key domains that may be used; records of others stay as they are.</summary>
    public IReadOnlyCollection<KeyDomain> Domains { get; init; } = [];

    /// <summary>It holds still while blocks were put or read within this time.</summary>
    public TimeSpan Quiet { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>It returns after this time, between two records.</summary>
    public TimeSpan Slice { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Records at most; so that a test can stop in the middle.</summary>
    public long RecordsMax { get; init; } = long.MaxValue;

    /// <summary>
    /// The part of the time that its thread must get a processor for. Below it others want the processor, and it
    /// stops.
    /// </summary>
    public double ProcessorShareMin { get; init; } = 0.6;
}
