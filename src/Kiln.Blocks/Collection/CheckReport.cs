namespace Kiln.Blocks.Collection;

/// <summary>What a check saw. Serialises as JSON.</summary>
public sealed record CheckReport
{
    /// <summary>When it began.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>Segments walked.</summary>
    public int Segments { get; internal set; }

    /// <summary>Records walked.</summary>
    public long Records { get; internal set; }

    /// <summary>Stored bytes read.</summary>
    public long BytesRead { get; internal set; }

    /// <summary>Records whose content was unpacked and hashed too.</summary>
    public long ContentVerified { get; internal set; }

    /// <summary>Manifests walked.</summary>
    public int Manifests { get; internal set; }

    /// <summary>What is wrong; at most <see cref="ProblemsMax"/>.</summary>
    public IList<CheckProblem> Problems { get; } = [];

    /// <summary>How many problems there were in all.</summary>
    public long ProblemCount { get; internal set; }

    /// <summary>How many of them were repaired.</summary>
    public long RepairedCount { get; internal set; }

    /// <summary>Most problems that are listed: a dead disk must not become a dead report.</summary>
    public const int ProblemsMax = 10_000;

    /// <summary>True when nothing is wrong that was not repaired.</summary>
    public bool IsHealthy => ProblemCount == RepairedCount;

    /// <summary>The report of a pass that an earlier process began.</summary>
    internal static CheckReport Resumed(ScrubState state)
    {
        var report = new CheckReport
        {
            StartedAt = state.StartedAt ?? default, BytesRead = state.BytesRead, Records = state.Records,
            Manifests = state.Manifests, ProblemCount = state.ProblemCount, RepairedCount = state.RepairedCount,
        };
        foreach (var problem in state.Problems) report.Problems.Add(problem);
        return report;
    }

    internal void Add(CheckProblem problem)
    {
        ProblemCount++;
        if (problem.IsRepaired) RepairedCount++;
        if (Problems.Count < ProblemsMax) Problems.Add(problem);
    }
}
