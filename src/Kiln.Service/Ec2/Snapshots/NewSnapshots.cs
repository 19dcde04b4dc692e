using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Cuts volumes at one instant and makes the rows: for CreateSnapshot, CreateSnapshots and
/// CreateImage.</summary>
public sealed class NewSnapshots(Db db, VolumeDevices devices, ServiceOptions options, TimeProvider clock)
{
    /// <summary>One volume to cut, with the description of its snapshot.</summary>
    public sealed record Wish(Volume Volume, string Description);

    /// <summary>Checks the limits, cuts all volumes together, and adds rows and work; the caller saves.</summary>
    /// <param name="wishes">The volumes, each once.</param>
    /// <param name="setId">Names the set in which all fail when one does, else null.</param>
    /// <param name="call">The call under way.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <returns>The rows in the order of the wishes, and the cuts. Call <see cref="VolumeCuts.Keep"/> after the save,
    /// and dispose them in any case.</returns>
    /// <exception cref="AwsException">IncorrectState, ConcurrentSnapshotLimitExceeded, SnapshotLimitExceeded,
    /// Unavailable, InvalidKmsKey.InvalidState.</exception>
    public async Task<(IReadOnlyList<Snapshot> Snapshots, VolumeCuts Cuts)> Cut(
        IReadOnlyList<Wish> wishes, string? setId, Call call, CancellationToken cancel)
    {
        await CheckLimits(wishes, call, cancel);
        return await CutChecked(wishes, setId, cancel);
    }

    private async Task<(IReadOnlyList<Snapshot> Snapshots, VolumeCuts Cuts)> CutChecked(
        IReadOnlyList<Wish> wishes, string? setId, CancellationToken cancel)
    {
        var ids = wishes.Select(_ => Ids.New("snap")).ToList();
        var cuts = await devices.Cut([.. wishes.Zip(ids, (wish, id) => (wish.Volume, id))], cancel);
        try
        {
            // The instant has passed: whatever is written from here on is not in the snapshots.
            var now = clock.GetUtcNow();
            var rows = new List<Snapshot>();
            foreach (var (wish, id) in wishes.Zip(ids))
            {
                var row = Snapshot.CutOf(wish.Volume, id, wish.Description, now, setId);
                db.Add(row);
                db.Add(Work.Work.For(SnapshotReconciler.WorkKind, id, now, row.NodeId));
                rows.Add(row);
            }
            return (rows, cuts);
        }
        catch
        {
            cuts.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Cut"/>, with a running machine's file systems brought to rest for the instant, where its
    /// agent does that in time. Without an agent the instant is what a power cut would leave.</summary>
    public async Task<(IReadOnlyList<Snapshot> Snapshots, VolumeCuts Cuts)> CutAtRest(
        IReadOnlyList<Wish> wishes, string? setId, Instance instance, IGuest guests, Call call,
        CancellationToken cancel)
    {
        await CheckLimits(wishes, call, cancel);
        var freeze = instance.State == InstanceState.Running ? await guests.Freeze(instance, cancel) : null;
        try
        {
            return await CutChecked(wishes, setId, cancel);
        }
        finally
        {
            if (freeze is not null)
                await freeze.DisposeAsync();
        }
    }

    /// <summary>Refuses further snapshots where the account has as many as it may.</summary>
    /// <param name="count">How many more.</param>
    /// <param name="call">The call under way.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="AwsException">SnapshotLimitExceeded.</exception>
    public async Task CheckQuota(int count, Call call, CancellationToken cancel)
    {
        await Limit(db, options, count, call,
            () => Ec2Error.SnapshotLimitExceeded(options.SnapshotsPerRegion), cancel);
    }

    /// <summary>As <see cref="CheckQuota"/>, in the words of another service.</summary>
    public static Task Limit(
        Db db, ServiceOptions options, int count, Call call, Func<AwsException> refusal, CancellationToken cancel) =>
        db.Limit($"snapshots/{call.AccountId}/{call.Region}",
            db.Snapshots.Where(s => s.Region == call.Region && s.AccountId == call.AccountId),
            options.SnapshotsPerRegion, count, refusal, cancel);

    private async Task CheckLimits(IReadOnlyList<Wish> wishes, Call call, CancellationToken cancel)
    {
        await CheckQuota(wishes.Count, call, cancel);
        foreach (var volume in wishes.Select(w => w.Volume))
        {
            if (volume.State is not (VolumeState.Available or VolumeState.InUse))
            {
                throw Ec2Error.IncorrectVolumeState(
                    volume.Id, volume.State.ToString().ToLowerInvariant(), "'available' or 'in-use'");
            }
            var most = VolumeLimits.Of(volume.VolumeType).PendingSnapshotsMax;
            await db.Limit($"pending snapshots/{volume.Id}",
                db.Snapshots.Where(s => s.VolumeId == volume.Id && s.State == SnapshotState.Pending), most, more: 1,
                () => Ec2Error.ConcurrentSnapshotLimitExceeded(volume.Id, most), cancel);
        }
    }
}
