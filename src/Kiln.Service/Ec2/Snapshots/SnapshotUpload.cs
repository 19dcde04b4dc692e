using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Stores the cut of a volume.</summary>
/// <remarks>
/// A volume's cuts are stored oldest first, each above the one before, and a cut is gone from the device once it is
/// stored. The next one begins only when the row of the one before knows its manifest; so a cut that a restart does
/// not find any more is the device's present base, whatever moment the process died at.
/// </remarks>
public sealed class SnapshotUpload(VolumeDevices devices, Transfers transfers, IServiceScopeFactory scopes)
{
    /// <summary>Starts the upload.</summary>
    /// <returns>The transfer, or null when an older cut of the volume has to be stored first.</returns>
    /// <exception cref="AwsException">It cannot be stored: the volume or its key is gone.</exception>
    public async Task<Transfer?> Begin(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        var volume = await db.Volumes.AsNoTracking().SingleOrDefaultAsync(v => v.Id == snapshot.VolumeId, cancel)
            ?? throw Ec2Error.DataLost(snapshot.Id, snapshot.Region, $"the volume {snapshot.VolumeId} does not exist.");
        await using var scope = scopes.CreateAsyncScope();
        var domain = await scope.ServiceProvider.GetRequiredService<DataKeys>()
            .OpenOrClear(snapshot.DataKeyId, cancel);
        var use = await devices.Use(volume, cancel);
        var started = false;
        try
        {
            var device = use.Device;
            if (device.Cuts.All(c => c.Id != snapshot.Id))
            {
                var stored = device.Base ?? throw Ec2Error.DataLost(
                    snapshot.Id, snapshot.Region, "its point in time is not on the volume's disk.");
                return transfers.Start(
                    snapshot.Id, snapshot.Region, (_, _) => Task.FromResult(new TransferOutcome(stored, 0)));
            }
            if (!await IsFirst(snapshot, device, db, cancel))
                return null;
            started = true;
            return transfers.Start(snapshot.Id, snapshot.Region, async (progress, stop) =>
            {
                using (use)
                {
                    var manifest = await device.UploadCutAsync(snapshot.Id, domain, progress, stop);
                    return new TransferOutcome(manifest, transfers.Find(snapshot.Id)?.BytesTotal ?? 0);
                }
            });
        }
        finally
        {
            if (!started)
                use.Dispose();
        }
    }

    /// <summary>Gives up the cut of a snapshot that has failed; its changes go into the next one.</summary>
    public async Task Abandon(Snapshot snapshot, Db db, CancellationToken cancel)
    {
        var volume = await db.Volumes.AsNoTracking().SingleOrDefaultAsync(v => v.Id == snapshot.VolumeId, cancel);
        if (volume is null)
            return;
        try
        {
            using var use = await devices.Use(volume, cancel);
            await Task.Run(() => use.Device.AbandonCut(snapshot.Id), cancel);
        }
        catch (Exception unreachable) when (unreachable is AwsException or IOException)
        {
            // Nobody waits for it: the device drops cuts without a pending row when it is next opened.
        }
    }

    private async Task<bool> IsFirst(
        Snapshot snapshot, Blocks.Devices.VolumeDevice device, Db db, CancellationToken cancel)
    {
        // Read before the rows: a cut that was taken for a row not committed yet is no orphan.
        var inFlight = devices.CutsInFlight;
        var cuts = device.Cuts;
        var pending = await db.Snapshots.Where(s => s.VolumeId == snapshot.VolumeId
            && s.State == SnapshotState.Pending && s.UploadedManifestId == null).Select(s => s.Id).ToListAsync(cancel);
        if (pending.Any(id => cuts.All(c => c.Id != id)))
            return false;
        if (cuts[0].Id == snapshot.Id)
            return true;
        if (!pending.Contains(cuts[0].Id) && !inFlight.Contains(cuts[0].Id))
            await Task.Run(() => device.AbandonCut(cuts[0].Id), cancel);
        return false;
    }
}
