using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Moves a pending image on: available when all its snapshots are completed, failed when one cannot be.
/// </summary>
public sealed class ImageReconciler(VolumeDevices devices, TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its work rows; the resource is the image.</summary>
    public const string WorkKind = "image";

    /// <summary>
    /// The pause between two looks. Snapshots wake the image when they end; this is for those that ended before.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <summary>Has the images looked at that a snapshot belongs to; called when it completes or fails.</summary>
    public static async Task Wake(Db db, string snapshotId, DateTimeOffset now, CancellationToken cancel)
    {
        var images = await db.ImageSnapshots.Where(s => s.SnapshotId == snapshotId)
            .Join(db.Images.Where(i => i.State == ImageState.Pending), s => s.ImageId, i => i.Id, (_, i) => i.Id)
            .ToListAsync(cancel);
        foreach (var id in images)
            await Work.Work.Want(db, WorkKind, id, now, cancel);
    }

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var image = await db.Images.Include(i => i.Snapshots).SingleOrDefaultAsync(i => i.Id == resourceId, cancel);
        if (image is null)
            return StepResult.Done;
        if (image.PendingCut is { } cut)
            return await CutAtRest(image, cut, db, cancel);
        if (image.State != ImageState.Pending)
            return StepResult.Done;
        string[] ids = [.. image.Devices.Select(d => d.SnapshotId).OfType<string>().Distinct()];
        var snapshots = await db.Snapshots.Where(s => EF.Parameter(ids).Contains(s.Id))
            .Select(s => new { s.Id, s.State, s.StateMessage }).ToDictionaryAsync(s => s.Id, cancel);

        if (ids.FirstOrDefault(id => !snapshots.ContainsKey(id)) is { } absent)
            return Fail(image, "Client.InvalidSnapshot.NotFound", $"The snapshot '{absent}' does not exist.");
        if (snapshots.Values.FirstOrDefault(s => s.State == SnapshotState.Error) is { } broken)
        {
            return Fail(image, "Client.InternalError",
                $"Snapshot {broken.Id} failed: {broken.StateMessage ?? "no reason was kept"}");
        }
        if (snapshots.Values.Any(s => s.State == SnapshotState.Pending))
            return StepResult.Again(Pause);
        image.Become(ImageState.Available, clock.GetUtcNow());
        return StepResult.Done;
    }

    /// <summary>Cuts the volumes once the machine is at rest, and lets it go on.</summary>
    private async Task<StepResult> CutAtRest(Image image, ImageCut cut, Db db, CancellationToken cancel)
    {
        var instance = await db.Instances.SingleOrDefaultAsync(i => i.Id == image.SourceInstanceId, cancel);
        var isGone = instance is null or { State: InstanceState.ShuttingDown or InstanceState.Terminated };
        if (image.State != ImageState.Pending || isGone)
        {
            await LetGo(image, instance, db, cancel);
            return image.State != ImageState.Pending ? StepResult.Done : Fail(image, "Client.InstanceTerminated",
                $"The instance '{image.SourceInstanceId}' was terminated while the image was being made.");
        }
        if (!instance!.IsQuiet)
            return StepResult.Again(Pause);

        var volumes = await db.Volumes.Where(v => cut.Volumes.Values.Contains(v.Id))
            .ToDictionaryAsync(v => v.Id, cancel);
        var usable = cut.Volumes.Where(v => volumes.TryGetValue(v.Value, out var volume)
            && volume.State is VolumeState.InUse or VolumeState.Available).ToList();
        if (usable.Count < cut.Volumes.Count)
        {
            await LetGo(image, instance, db, cancel);
            return Fail(image, "Client.InternalError", "A volume was deleted while the image was being made.");
        }
        try
        {
            await Cut(image, cut, volumes, instance, db, cancel);
        }
        catch (AwsException refusal) when (refusal.Status < 500)
        {
            // A key that cannot be used: trying again would keep the machine off.
            await LetGo(image, instance, db, cancel);
            return Fail(image, "Client.InternalError", refusal.Message);
        }
        return StepResult.Again(TimeSpan.Zero);
    }

    private async Task Cut(
        Image image, ImageCut cut, Dictionary<string, Volume> volumes, Instance instance, Db db,
        CancellationToken cancel)
    {
        var wishes = cut.Volumes.ToDictionary(v => v.Key, v => (Volume: volumes[v.Value], Id: Ids.New("snap")));
        using var cuts = await devices.Cut([.. wishes.Values], cancel);
        var now = clock.GetUtcNow();
        var rows = wishes.ToDictionary(w => w.Key, w => Snapshot.CutOf(
            w.Value.Volume, w.Value.Id, ImageCut.Description(image), now));
        foreach (var row in rows.Values)
        {
            db.Add(row);
            db.Add(Work.Work.For(SnapshotReconciler.WorkKind, row.Id, now, row.NodeId));
            foreach (var tag in cut.SnapshotTags)
                db.Add(ResourceTag.Of(tag, "snapshot", row.Id, row.AccountId, row.Region));
        }
        image.Take(rows);
        await LetGo(image, instance, db, cancel);
        // Saved here and not by the worker, so that the cuts are kept only with their rows. The image's version keeps
        // a second node from doing the same.
        await db.SaveChangesAsync(cancel);
        cuts.Keep();
    }

    private async Task LetGo(Image image, Instance? instance, Db db, CancellationToken cancel)
    {
        image.PendingCut = null;
        if (instance is null)
            return;
        instance.Resume(image.Id);
        await InstanceReconciler.Want(db, instance, clock.GetUtcNow(), cancel);
    }

    /// <summary>A failed image keeps its name and its id, but no snapshot from being deleted.</summary>
    private StepResult Fail(Image image, string code, string message)
    {
        image.Snapshots.Clear();
        image.Become(ImageState.Failed, clock.GetUtcNow(), code, $"{code}: {message}");
        return StepResult.Done;
    }
}
