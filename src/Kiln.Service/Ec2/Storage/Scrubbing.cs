using Kiln.Blocks.Collection;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Reads everything now and then, slowly, and repairs what has rotted: one work row a Region and
/// node.</summary>
/// <remarks>
/// A pass every <see cref="ServiceOptions.ScrubDays"/> at <see cref="ServiceOptions.ScrubMiBPerSecond"/>. Steps are
/// short and far apart, so that no thread waits for the rate; the position is kept in the store.
/// </remarks>
public sealed partial class Scrubbing(
    RegionStores stores, Scrubs scrubs, ServiceOptions options, TimeProvider clock, ILogger<Scrubbing> log)
    : IReconciler
{
    /// <summary>The kind of its work rows; the resource is <c>REGION/NODE</c>.</summary>
    public const string WorkKind = "scrub";

    // Read in one go: some hundredths of a second, and a commit of the work row is cheap beside it.
    private const int StepSeconds = 4;

    // A step whose disk is slow ends all the same; a stop of the service waits for it.
    private static readonly TimeSpan StepTime = TimeSpan.FromSeconds(2);

    // When scrubs are switched off, or nothing is there yet: a look is one line of a database.
    private static readonly TimeSpan Idle = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Has a Region looked at; called when its store is first opened.</summary>
    public static Task Want(Db db, string region, string nodeId, DateTimeOffset now, CancellationToken cancel) =>
        Work.Work.Want(db, WorkKind, $"{region}/{nodeId}", now, cancel, nodeId);

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var region = resourceId[..resourceId.IndexOf('/', StringComparison.Ordinal)];
        if (!stores.Present.Contains(region))
            return StepResult.Done;
        if (options.ScrubDays == 0)
            return StepResult.Again(Idle);
        var scrub = scrubs.Of(region);
        if (scrub.State.Phase == ScrubPhase.Idle)
        {
            var due = (scrub.State.FinishedAt ?? scrub.State.FirstSeenAt) + TimeSpan.FromDays(options.ScrubDays);
            if (due > clock.GetUtcNow())
                return StepResult.Again(due - clock.GetUtcNow());
            await Task.Run(scrub.Begin, cancel);
        }
        var rate = options.ScrubMiBPerSecond == 0 ? long.MaxValue : (long)options.ScrubMiBPerSecond << 20;
        var before = scrub.State;
        var began = clock.GetTimestamp();
        var report = await Task.Run(() => scrub.Step(
            scrubs.Options(region), StepTime, rate == long.MaxValue ? rate : rate * StepSeconds, cancel), cancel);
        Tell(region, before, scrub.State);
        if (report is not null)
        {
            LogFinished(region, report.Records, report.BytesRead, report.ProblemCount, report.RepairedCount);
            return StepResult.Again(TimeSpan.FromDays(options.ScrubDays));
        }
        var owed = TimeSpan.FromSeconds((double)(scrub.State.BytesRead - before.BytesRead) / rate)
            - clock.GetElapsedTime(began);
        return StepResult.Again(owed > TimeSpan.Zero ? owed : TimeSpan.Zero);
    }

    // Only what this step found.
    private void Tell(string region, ScrubState before, ScrubState after)
    {
        foreach (var problem in after.Problems.Skip(before.Problems.Count))
        {
            if (problem.IsRepaired)
                LogRepaired(region, problem.Kind, problem.Where);
            else
                LogDamaged(region, problem.Kind, problem.Where);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Region}: {Kind} at {Where}, repaired from another copy")]
    private partial void LogRepaired(string region, CheckProblemKind kind, string where);

    [LoggerMessage(Level = LogLevel.Error,
        Message = "{Region}: {Kind} at {Where}, and there is no second copy. See docs/operating/damage.md")]
    private partial void LogDamaged(string region, CheckProblemKind kind, string where);

    [LoggerMessage(Level = LogLevel.Information,
        Message = "{Region} is scrubbed: {Records} records, {Bytes} bytes, {Problems} problems, {Repaired} repaired")]
    private partial void LogFinished(string region, long records, long bytes, long problems, long repaired);
}
