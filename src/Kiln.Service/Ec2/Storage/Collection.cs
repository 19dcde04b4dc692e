using Kiln.Blocks.Collection;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Frees the blocks that no row needs any more: one work row a Region and node.</summary>
/// <remarks>
/// Reachable is what snapshots and volumes name, what volumes on disk stand on, what is being put or copied, and what
/// was committed a moment ago. The rest lies in the trash for <see cref="ServiceOptions.TrashSeconds"/> first. A pass
/// is many steps; it stands where it is between them and is begun anew after a restart.
/// </remarks>
public sealed partial class Collection(
    RegionStores stores, LoadedCopies copies, Collectors collectors, TimeProvider clock, ILogger<Collection> log)
    : IReconciler
{
    /// <summary>The kind of its work rows; the resource is <c>REGION/NODE</c>.</summary>
    public const string WorkKind = "collect";

    /// <summary>What was committed within this time is spared: longer than any pause between a commit and its
    /// row.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromMinutes(5);

    // Deletions come in bursts (an image and its snapshots); one collection serves them all.
    private static readonly TimeSpan Gather = TimeSpan.FromSeconds(10);

    // So that what is old enough is older than the line, not on it.
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(1);

    // For what crashes left behind, which nobody deletes.
    private static readonly TimeSpan Idle = TimeSpan.FromDays(1);

    // A stop of the service waits for a step, and guests share the disk with it.
    private static readonly TimeSpan StepTime = TimeSpan.FromSeconds(2);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Has a Region collected soon; called with the deletion of a snapshot or volume.</summary>
    public static Task Want(Db db, string region, string nodeId, DateTimeOffset now, CancellationToken cancel) =>
        Work.Work.Want(db, WorkKind, $"{region}/{nodeId}", now + Gather, cancel, nodeId);

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var region = resourceId[..resourceId.IndexOf('/', StringComparison.Ordinal)];
        if (!stores.Present.Contains(region))
            return StepResult.Done;
        var collector = collectors.Of(region);
        // Reads every page that is reachable: not on a thread that answers calls.
        if (await Task.Run(() => collector.Step(StepTime, cancel), cancel) is not { } report)
            return StepResult.Again(TimeSpan.Zero);
        var now = clock.GetUtcNow();
        if (!report.DryRun)
        {
            collector.DueAt = Next(region, report, now);
            // What lies beside the blocks goes with the snapshots and volumes that it is for.
            await copies.Sweep(region, db, cancel);
            stores.Of(region).SweepTraces();
        }
        if (collector.IsAsked || collector.DueAt is not { } due || due <= now)
            return StepResult.Again(TimeSpan.Zero);
        return StepResult.Again(due - now);
    }

    private DateTimeOffset Next(string region, CollectionReport report, DateTimeOffset now)
    {
        if (report.Refused is { } reason)
        {
            LogRefused(region, reason);
            return now + Idle;
        }
        var due = now + Idle;
        foreach (var at in (DateTimeOffset?[])[report.YoungUntil, report.PurgeAt])
        {
            if (at is { } soon && soon + Margin < due)
                due = soon + Margin;
        }
        return due > now ? due : now + Margin;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Nothing is collected in {Region}: {Reason}")]
    private partial void LogRefused(string region, string reason);
}
