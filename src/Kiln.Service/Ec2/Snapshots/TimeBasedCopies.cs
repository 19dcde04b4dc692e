using System.Globalization;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Takes on copies that are to be complete within a time, and refuses those that cannot be.</summary>
/// <remarks>
/// Amazon EBS User Guide "Time-based copies". A copy needs the rate that its whole content over its time makes,
/// whatever the destination may have already.
/// </remarks>
public sealed class TimeBasedCopies(Db db, CopyLimits limits)
{
    /// <summary>Times are multiples of this.</summary>
    public const int MinutesStep = 15;

    /// <summary>The longest time: 48 hours.</summary>
    public const int MinutesMax = 2880;

    /// <summary>MiB/s that one copy may need: EBS's quota.</summary>
    public const int EachMiBPerSecond = 500;

    /// <summary>MiB/s that all copies of an account between two Regions may need together: EBS's quota.</summary>
    public const int TogetherMiBPerSecond = 2000;

    private const double MiB = 1 << 20;

    /// <summary>Checks a time for copies of snapshots into the call's Region.</summary>
    /// <param name="sources">What is copied, each within the time.</param>
    /// <param name="minutes">The time; null for none.</param>
    /// <param name="call">The call.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <returns>The time.</returns>
    /// <exception cref="AwsException">InvalidParameterValue: no such time, or too short for a snapshot;
    /// ResourceLimitExceeded: others need the rate.</exception>
    public async Task<int?> Admit(
        IReadOnlyList<Snapshot> sources, long? minutes, Call call, CancellationToken cancel)
    {
        if (minutes is not { } wanted)
            return null;
        if (wanted is < MinutesStep or > MinutesMax || wanted % MinutesStep != 0)
        {
            throw Ec2Error.InvalidParameterValue(
                wanted.ToString(CultureInfo.InvariantCulture), "completionDurationMinutes",
                $"It must be a multiple of {MinutesStep} between {MinutesStep} and {MinutesMax}.");
        }
        foreach (var source in sources)
            CheckAlone(source, (int)wanted, call);
        await CheckTogether(sources, (int)wanted, call, cancel);
        return (int)wanted;
    }

    private void CheckAlone(Snapshot source, int minutes, Call call)
    {
        var most = EachMiBPerSecond;
        if (source.Region != call.Region && limits.LeastMiBPerSecond is > 0 and var set && set < most)
            most = set;
        var needed = RateOf(source.FullSizeBytes, minutes);
        if (needed <= most)
            return;
        var least = Math.Ceiling(source.FullSizeBytes / MiB / most / 60 / MinutesStep) * MinutesStep;
        throw Ec2Error.InvalidParameterValue(
            minutes.ToString(CultureInfo.InvariantCulture), "completionDurationMinutes",
            string.Create(CultureInfo.InvariantCulture, $"{source.Id} would need {needed:0} MiB/s, and a copy gets ") +
            string.Create(CultureInfo.InvariantCulture, $"{most} MiB/s; {least:0} minutes are enough."));
    }

    private async Task CheckTogether(
        IReadOnlyList<Snapshot> sources, int minutes, Call call, CancellationToken cancel)
    {
        var from = sources[0].Region;
        var taken = await Taken(from, call, cancel);
        var needed = sources.Sum(s => RateOf(s.FullSizeBytes, minutes));
        if (taken + needed > TogetherMiBPerSecond)
        {
            throw Ec2Error.ResourceLimitExceeded(string.Create(CultureInfo.InvariantCulture,
                $"Time-based copies from {from} to {call.Region} may need {TogetherMiBPerSecond} MiB/s together: ") +
                string.Create(CultureInfo.InvariantCulture,
                $"{taken:0} MiB/s are taken, and {needed:0} MiB/s more are asked for. Take a longer time."));
        }
        db.Keep($"timed copies/{call.AccountId}/{from}/{call.Region}",
            async stop => await Taken(from, call, stop) <= TogetherMiBPerSecond);
    }

    private async Task<double> Taken(string from, Call call, CancellationToken cancel)
    {
        var running = await db.Snapshots.Where(s => s.Region == call.Region && s.AccountId == call.AccountId
                && s.State == SnapshotState.Pending && s.SourceRegion == from && s.CompletionDurationMinutes != null)
            .Join(db.Snapshots, s => s.SourceSnapshotId, s => s.Id,
                (copy, source) => new { copy.CompletionDurationMinutes, source.FullSizeBytes })
            .ToListAsync(cancel);
        return running.Sum(r => RateOf(r.FullSizeBytes, r.CompletionDurationMinutes!.Value));
    }

    private static double RateOf(long bytes, int minutes) => bytes / MiB / (minutes * 60);
}
