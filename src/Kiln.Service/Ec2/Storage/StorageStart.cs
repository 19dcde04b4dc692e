using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Clears away, before the first request, what an earlier process left half done on this node's
/// disks.</summary>
/// <remarks>
/// Folders of volumes without a row are removed. Cuts without a row are dropped by <see cref="VolumeDevices"/> when
/// their volume is next opened; rows that are not finished have work rows, which the worker takes up.
/// </remarks>
public sealed partial class StorageStart(
    RegionStores stores, VolumeDevices devices, IServiceScopeFactory scopes, NodeIdentity node, TimeProvider clock,
    ILogger<StorageStart> log)
{
    /// <summary>Sweeps every Region that has a folder. One that cannot be read is left alone.</summary>
    public async Task Run(CancellationToken cancel)
    {
        foreach (var region in stores.Present)
        {
            try
            {
                await Sweep(region, cancel);
            }
            catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
            {
                LogSweepFailed(failure, region);
            }
        }
    }

    private async Task Sweep(string region, CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var known = (await db.Volumes.Where(v => v.Region == region && v.NodeId == node.Id)
            .Select(v => v.Id).ToListAsync(cancel)).ToHashSet(StringComparer.Ordinal);
        var volumes = devices.VolumesOf(region);
        if (Directory.Exists(volumes))
        {
            foreach (var folder in Directory.EnumerateDirectories(volumes))
            {
                var id = Path.GetFileName(folder);
                if (!known.Contains(id))
                    await devices.Delete(region, id, cancel);
            }
        }
        await Work.Work.Commit(db, async () =>
        {
            await Collection.Want(db, region, node.Id, clock.GetUtcNow(), cancel);
            await Recompression.Want(db, region, node.Id, clock.GetUtcNow(), cancel);
            await Scrubbing.Want(db, region, node.Id, clock.GetUtcNow(), cancel);
        }, cancel);
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The folder of {Region} cannot be swept")]
    private partial void LogSweepFailed(Exception failure, string region);
}
