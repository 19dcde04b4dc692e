namespace Kiln.Blocks.Collection;

/// <summary>The records that a check found damaged: <c>state/quarantine.json</c>, read when the store opens.</summary>
/// <param name="Records">At most <see cref="RecordsMax"/>; a disk with more of them is beyond a list.</param>
public sealed record QuarantineState(IReadOnlyList<QuarantineState.Damaged> Records)
{
    /// <summary>Most records that are kept across a restart; what is beyond is found again by the next pass.</summary>
    public const int RecordsMax = 10_000;

    /// <summary>A damaged record.</summary>
    /// <param name="Seed">The segment's seed, which unlike its id never comes again.</param>
    /// <param name="Segment">The segment's id, for people.</param>
    /// <param name="Offset">Where it begins.</param>
    /// <param name="Address">What it should be.</param>
    /// <param name="FoundAt">When it was found.</param>
    public sealed record Damaged(ulong Seed, uint Segment, uint Offset, string Address, DateTimeOffset FoundAt);
}
