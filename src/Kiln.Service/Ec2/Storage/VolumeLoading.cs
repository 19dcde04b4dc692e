using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Volumes;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Brings the whole snapshot of a volume to the local disk, a notch at a time.</summary>
/// <remarks>Mostly by the copy that all volumes of the snapshot share; alone where it has another key.</remarks>
public sealed class VolumeLoading(
    VolumeDevices devices, LoadedCopies copies, RegionStores stores, Transfers transfers)
{
    /// <summary>The loading that a volume waits for, or null.</summary>
    public Transfer? Find(Volume volume) =>
        transfers.Find(volume.Id) ?? (SharedCopy(volume) is { } copy ? copies.Find(copy) : null);

    /// <summary>Bytes that its snapshot has; null where there is none, or it cannot be read now.</summary>
    public long? TotalBytes(Volume volume)
    {
        try
        {
            // Asked before it is opened: opening would take it back from the trash, as if something needed it.
            return volume.BaseManifestId is { } id && stores.Of(volume.Region) is var store
                && store.HasManifest(new ManifestId(id)) ? store.OpenManifest(new ManifestId(id)).FullBytes : null;
        }
        catch (Exception lost) when (lost is IOException or Protocol.Errors.AwsException)
        {
            return null;
        }
    }

    /// <summary>Moves a volume on. Call it again until it is local; it goes on where it was, in another process
    /// too.</summary>
    /// <param name="volume">The volume.</param>
    /// <param name="mibPerSecond">The rate; 0 for no limit.</param>
    /// <param name="cancel">Ends the wait, not the loading.</param>
    /// <returns>Whether it is local.</returns>
    /// <exception cref="Protocol.Errors.AwsException">As <see cref="VolumeDevices.Use"/>.</exception>
    /// <exception cref="BlockStoreException">A block is damaged, or the disk is full.</exception>
    public async Task<bool> Advance(Volume volume, int mibPerSecond, CancellationToken cancel)
    {
        var use = await devices.Use(volume, cancel);
        var handedOver = false;
        try
        {
            if (use.Device.IsLocal)
                return true;
            if (SharedCopy(volume) is { } copy && copies.MayLoad(copy))
            {
                if (!await copies.Load(copy, mibPerSecond, cancel))
                    return false;
                if (await Task.Run(() => use.Device.Adopt(copies.FolderOf(copy)), cancel) is not false and var adopted)
                    return adopted == true;
            }
            if (transfers.Find(volume.Id) is { } running)
            {
                if (!running.Outcome.IsCompleted)
                    return false;
                await transfers.Forget(volume.Id);
                await running.Outcome;
                return use.Device.IsLocal;
            }
            handedOver = true;
            transfers.Start(volume.Id, null, async (progress, stop) =>
            {
                using (use)
                {
                    await use.Device.HydrateAsync((long)mibPerSecond << 20, progress, stop);
                    return new TransferOutcome(new ManifestId(volume.BaseManifestId!), 0);
                }
            });
            return false;
        }
        finally
        {
            if (!handedOver)
                use.Dispose();
        }
    }

    /// <summary>Stops loading a volume that goes; what others share goes on.</summary>
    public Task Forget(string volumeId) => transfers.Forget(volumeId);

    /// <summary>The copy that a volume can share; null where it has none below it, or another key than it.</summary>
    internal static LoadedCopy? SharedCopy(Volume volume) =>
        volume.BaseManifestId is { } manifest && volume.BaseDataKeyId == volume.DataKeyId
            ? new LoadedCopy(volume.Region, manifest, volume.BaseSizeGiB ?? volume.SizeGiB, volume.DataKeyId) : null;
}
