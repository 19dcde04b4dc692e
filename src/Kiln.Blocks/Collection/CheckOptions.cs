using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Collection;

/// <summary>How far a check goes.</summary>
public sealed record CheckOptions
{
    /// <summary>Reads all stored bytes (5 GB/s of CPU); without it only headers, footers and reachability.</summary>
    public bool ReadData { get; init; } = true;

    /// <summary>Gives the key domain of an id, or null when its key is not at hand; with a key (or in the clear) blocks
    /// are also unpacked and hashed. Null: stored bytes only.</summary>
    public Func<string, KeyDomain?>? Keys { get; init; }

    /// <summary>Manifests that must be there; one that is missing is fetched from another store or reported.</summary>
    public Func<IEnumerable<ManifestId>>? Roots { get; init; }

    /// <summary>Stores to fetch an intact record or manifest from when one is damaged or missing; records must be of
    /// the same key domain.</summary>
    public IReadOnlyList<BlockStore> RepairFrom { get; init; } = [];

    /// <summary>Looks for a block in the local layers of volumes; null for nowhere.</summary>
    public LocalBlockSource? LocalCopies { get; init; }

    /// <summary>Takes damaged records out of use for puts, and repairs where there is another copy. Without it the
    /// check only reports.</summary>
    public bool Quarantine { get; init; } = true;

    /// <summary>Told now and then.</summary>
    public IProgress<TransferProgress>? Progress { get; init; }

    /// <summary>Rate of reading; null is no limit.</summary>
    public BandwidthLimit? Limit { get; init; }
}
