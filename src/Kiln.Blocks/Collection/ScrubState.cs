namespace Kiln.Blocks.Collection;

/// <summary>Where a store's scrub is: kept in <c>state/scrub.json</c> after every step.</summary>
public sealed record ScrubState
{
    /// <summary>Problems that are kept; the counts say how many there were.</summary>
    public const int ProblemsMax = 100;

    /// <summary>When the store was first looked at: a new store need not be read at once.</summary>
    public DateTimeOffset FirstSeenAt { get; init; }

    /// <summary>What is under way.</summary>
    public ScrubPhase Phase { get; init; }

    /// <summary>When the pass under way, or the last one, began.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>When the last whole pass ended.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The last segment that this pass reads: what is written meanwhile is the next one's.</summary>
    public uint LastSegment { get; init; }

    /// <summary>The segment that is read.</summary>
    public uint Segment { get; init; }

    /// <summary>Records of it that begin before this were read.</summary>
    public uint Offset { get; init; }

    /// <summary>The manifest that was walked last.</summary>
    public string? Manifest { get; init; }

    /// <summary>Bytes read by this pass, or the last one.</summary>
    public long BytesRead { get; init; }

    /// <summary>Bytes that this pass reads in all, as far as was known at its beginning.</summary>
    public long BytesTotal { get; init; }

    /// <summary>Records read.</summary>
    public long Records { get; init; }

    /// <summary>Manifests walked.</summary>
    public int Manifests { get; init; }

    /// <summary>Problems found.</summary>
    public long ProblemCount { get; init; }

    /// <summary>Of those, how many were repaired.</summary>
    public long RepairedCount { get; init; }

    /// <summary>The first of them.</summary>
    public IReadOnlyList<CheckProblem> Problems { get; init; } = [];
}
