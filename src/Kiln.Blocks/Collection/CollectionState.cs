namespace Kiln.Blocks.Collection;

/// <summary>Where a store's collection is: kept in <c>state/collection.json</c>, and what a process shows of it.
/// </summary>
public sealed record CollectionState
{
    /// <summary>What is under way now; of a state that was read at a start, what the stop interrupted.</summary>
    public CollectionStage Stage { get; init; }

    /// <summary>When the pass under way, or the last one, began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the last whole pass ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>What the last whole pass did.</summary>
    public CollectionReport? Last { get; init; }

    /// <summary>Passes that a stop or a failure interrupted, and that were begun anew.</summary>
    public long Interrupted { get; init; }
}
