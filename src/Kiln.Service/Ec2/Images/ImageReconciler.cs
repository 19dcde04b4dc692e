using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Moves a pending image on: available when all its snapshots are completed, failed when one cannot be.
/// </summary>
public sealed class ImageReconciler(TimeProvider clock) : IReconciler
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
        if (image is not { State: ImageState.Pending })
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

    /// <summary>A failed image keeps its name and its id, but no snapshot from being deleted.</summary>
    private StepResult Fail(Image image, string code, string message)
    {
        image.Snapshots.Clear();
        image.Become(ImageState.Failed, clock.GetUtcNow(), code, $"{code}: {message}");
        return StepResult.Done;
    }
}
