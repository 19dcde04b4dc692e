using Kiln.Blocks.Crypto;

namespace Kiln.Blocks.Collection;

/// <summary>How far a check goes.</summary>
public sealed record CheckOptions
{
    /// <summary>Reads all stored bytes (5 GB/s of CPU); without it only headers, footers and reachability.</summary>
    public bool ReadData { get; init; } = true;

    /// <summary>Gives the key domain of an id, or null when its key is not at hand; with a key (or in the clear) blocks
    /// are also unpacked and hashed. Null: stored bytes only.</summary>
    public Func<string, KeyDomain?>? Keys { get; init; }

    /// <summary>Stores to fetch an intact record from when one is damaged or missing, of the same key domain.</summary>
    public IReadOnlyList<BlockStore> RepairFrom { get; init; } = [];

    /// <summary>Forgets damaged records, so that the next equal put stores the block anew.</summary>
    public bool Quarantine { get; init; } = true;

    /// <summary>Told now and then.</summary>
    public IProgress<TransferProgress>? Progress { get; init; }

    /// <summary>Rate of reading; null is no limit.</summary>
    public BandwidthLimit? Limit { get; init; }
}
