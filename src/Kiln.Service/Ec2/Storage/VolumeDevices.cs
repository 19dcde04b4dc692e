using System.Collections.Concurrent;
using Kiln.Blocks;
using Kiln.Blocks.Backends;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>The volumes on this node's disks: <c>DATA/REGION/volumes/ID</c>, opened when somebody uses them.</summary>
/// <remarks>
/// One device a volume, shared by the guest, by cuts and by uploads. A device that nobody uses stays open until
/// <see cref="IdleMax"/> others were used since. Thread-safe.
/// </remarks>
public sealed partial class VolumeDevices(
    RegionStores stores, OpenBackend disks, LoadedCopies copies, KeyRing ring, IServiceScopeFactory scopes,
    NodeIdentity node, TimeProvider clock, ILogger<VolumeDevices> log) : IDisposable
{
    /// <summary>Devices kept open without a user: each holds a few file handles and its maps.</summary>
    public const int IdleMax = 64;

    private readonly Dictionary<string, Entry> _entries = [];
    private readonly LinkedList<Entry> _idle = [];
    private readonly ConcurrentDictionary<string, bool> _inFlight = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <summary>One volume's place: who uses it, and its device once it is open.</summary>
    internal sealed class Entry(string id) : IDisposable
    {
        public readonly SemaphoreSlim Turn = new(1, 1);
        public readonly string Id = id;
        public int Users;
        public VolumeDevice? Device;
        public LinkedListNode<Entry>? Idle;

        public void Dispose() => Turn.Dispose();
    }

    /// <summary>Cuts that were taken and whose rows are not committed yet.</summary>
    internal IReadOnlySet<string> CutsInFlight => _inFlight.Keys.ToHashSet(StringComparer.Ordinal);

    /// <summary>The row of a cut is committed, or the cut is given up.</summary>
    internal void Landed(string cutId) => _inFlight.TryRemove(cutId, out _);

    /// <summary>The folder of a volume.</summary>
    public string FolderOf(string region, string volumeId) => Path.Combine(VolumesOf(region), volumeId);

    /// <summary>The folder of all volumes of a Region.</summary>
    public string VolumesOf(string region) => Path.Combine(stores.FolderOf(region), "volumes");

    /// <summary>Makes a volume's device, empty or above a manifest. O(1) in its size. Does nothing where it is
    /// made.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Unavailable: another node's volume, or the store is
    /// lost.</exception>
    public async Task Create(Volume volume, CancellationToken cancel)
    {
        EnsureHere(volume);
        if (VolumeDevice.Exists(FolderOf(volume.Region, volume.Id)))
            return;
        await LoadKeys(volume, cancel);
        var entry = Enter(volume.Id);
        try
        {
            await entry.Turn.WaitAsync(cancel);
            try
            {
                var folder = FolderOf(volume.Region, volume.Id);
                // What a start left that died before the record was written is no volume.
                if (Directory.Exists(folder) && !VolumeDevice.Exists(folder))
                    Directory.Delete(folder, recursive: true);
                RegionStores.MakePrivate(folder);
                ManifestId? manifest = volume.BaseManifestId is { } id ? new ManifestId(id) : null;
                entry.Device ??= Shared(volume, folder) ?? VolumeDevice.Create(
                    disks(folder), Bytes(volume.SizeGiB), manifest, stores.Of(volume.Region), ring.Get, clock,
                    volume.DataKeyId);
            }
            catch (IOException failure)
            {
                throw Refusal(volume, failure);
            }
            finally
            {
                entry.Turn.Release();
            }
        }
        finally
        {
            Release(entry);
        }
    }

    /// <summary>Opens a volume's device, or shares the open one. Dispose what is returned.</summary>
    /// <exception cref="Protocol.Errors.AwsException">Unavailable: another node's volume, or its data is lost;
    /// InvalidKmsKey.InvalidState: its key cannot be used.</exception>
    public async Task<VolumeUse> Use(Volume volume, CancellationToken cancel)
    {
        EnsureHere(volume);
        await LoadKeys(volume, cancel);
        var entry = Enter(volume.Id);
        try
        {
            await entry.Turn.WaitAsync(cancel);
            try
            {
                entry.Device ??= await Open(volume, cancel);
                if (entry.Device.IsBroken && IsAlone(entry))
                {
                    // Whoever wrote what a failed flush left in doubt has let go of the volume since.
                    entry.Device.Mend();
                    LogMended(entry.Id);
                }
                return new VolumeUse(this, entry, entry.Device);
            }
            catch (IOException failure)
            {
                throw Refusal(volume, failure);
            }
            finally
            {
                entry.Turn.Release();
            }
        }
        catch
        {
            Release(entry);
            throw;
        }
    }

    /// <summary>Takes one instant of several volumes together.</summary>
    /// <param name="volumes">The volumes, each once, with the name of its cut.</param>
    /// <param name="cancel">Ends the work when the client has gone.</param>
    /// <exception cref="Protocol.Errors.AwsException">As <see cref="Use"/>.</exception>
    public async Task<VolumeCuts> Cut(IReadOnlyList<(Volume Volume, string CutId)> volumes, CancellationToken cancel)
    {
        var uses = new List<(VolumeUse Use, string CutId)>();
        try
        {
            foreach (var (volume, cutId) in volumes)
                uses.Add((await Use(volume, cancel), cutId));
            foreach (var (_, cutId) in uses)
                _inFlight[cutId] = true;
            VolumeDevice.CutTogether([.. uses.Select(u => (u.Use.Device, u.CutId))]);
            return new VolumeCuts(this, uses);
        }
        catch (Exception failure)
        {
            foreach (var (use, cutId) in uses)
            {
                Landed(cutId);
                use.Dispose();
            }
            if (failure is IOException broken)
                throw Refusal(volumes[0].Volume, broken);
            throw;
        }
    }

    /// <summary>Makes a volume's device larger, if it is smaller. The guest sees it through the open device.</summary>
    /// <exception cref="Protocol.Errors.AwsException">As <see cref="Use"/>.</exception>
    public async Task Grow(Volume volume, int sizeGiB, CancellationToken cancel)
    {
        using var use = await Use(volume, cancel);
        if (use.Device.SizeBytes < Bytes(sizeGiB))
            use.Device.Grow(Bytes(sizeGiB));
    }

    /// <summary>Raised before a volume's device goes, with its id: whoever serves it lets go now.</summary>
    public event Action<string>? Deleting;

    /// <summary>Closes a volume and removes its folder. Nothing happens where there is none.</summary>
    public async Task Delete(string region, string volumeId, CancellationToken cancel)
    {
        Deleting?.Invoke(volumeId);
        var entry = Enter(volumeId);
        try
        {
            await entry.Turn.WaitAsync(cancel);
            try
            {
                entry.Device?.Dispose();
                entry.Device = null;
                var folder = FolderOf(region, volumeId);
                if (Directory.Exists(folder))
                    VolumeDevice.Delete(folder);
            }
            finally
            {
                entry.Turn.Release();
            }
        }
        finally
        {
            Release(entry);
        }
    }

    /// <summary>Closes every device.</summary>
    public void Dispose()
    {
        List<Entry> all;
        lock (_gate)
        {
            _disposed = true;
            all = [.. _entries.Values];
            _entries.Clear();
            _idle.Clear();
        }
        foreach (var entry in all)
        {
            Close(entry);
            entry.Dispose();
        }
    }

    internal static long Bytes(int gib) => (long)gib << 30;

    internal void Release(Entry entry)
    {
        Entry? oldest = null;
        lock (_gate)
        {
            if (--entry.Users > 0 || _disposed)
                return;
            if (entry.Device is null)
            {
                _entries.Remove(entry.Id);
                return;
            }
            entry.Idle = _idle.AddLast(entry);
            if (_idle.Count <= IdleMax)
                return;
            oldest = _idle.First!.Value;
            Wake(oldest);
        }
        CloseIdle(oldest);
    }

    // Whoever asks for the volume meanwhile waits for the turn, and opens it again.
    private void CloseIdle(Entry entry)
    {
        entry.Turn.Wait();
        try
        {
            Close(entry);
        }
        finally
        {
            entry.Turn.Release();
        }
        Release(entry);
    }

    private void Close(Entry entry)
    {
        try
        {
            entry.Device?.Dispose();
        }
        catch (IOException failure)
        {
            LogCloseFailed(failure, entry.Id);
        }
        entry.Device = null;
    }

    private Entry Enter(string id)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_entries.TryGetValue(id, out var entry))
                _entries[id] = entry = new Entry(id);
            Wake(entry);
            return entry;
        }
    }

    private bool IsAlone(Entry entry)
    {
        lock (_gate)
            return entry.Users == 1;
    }

    private void Wake(Entry entry)
    {
        entry.Users++;
        if (entry.Idle is { } place)
            _idle.Remove(place);
        entry.Idle = null;
    }

    // Where its snapshot is loaded already, the volume is local from the beginning.
    private VolumeDevice? Shared(Volume volume, string folder)
    {
        try
        {
            return VolumeLoading.SharedCopy(volume) is { } copy && copies.IsLoaded(copy)
                ? VolumeDevice.CreateSharing(
                    folder, Bytes(volume.SizeGiB), copies.FolderOf(copy), stores.Of(volume.Region), ring.Get, clock,
                    volume.DataKeyId)
                : null;
        }
        catch (Exception swept) when (swept is FileNotFoundException or DirectoryNotFoundException)
        {
            // A sweep that began before the volume had a row has deleted the copy: the volume is made without.
            return null;
        }
    }

    private void EnsureHere(Volume volume)
    {
        if (volume.NodeId != node.Id)
            throw Ec2Error.UnavailableHere(volume.Id, volume.NodeId);
    }

    private async Task<VolumeDevice> Open(Volume volume, CancellationToken cancel)
    {
        var folder = FolderOf(volume.Region, volume.Id);
        if (!VolumeDevice.Exists(folder))
            throw new FileNotFoundException($"{folder} holds no volume.");
        var device = VolumeDevice.Open(
            disks(folder), stores.Of(volume.Region), ring.Get, clock);
        if (device.DomainId != volume.DataKeyId)
        {
            // The record beside the layers is no secret; whoever changed it must not turn encryption off.
            device.Dispose();
            throw Ec2Error.DataLost(volume.Id, volume.Region, "its local layers are not under the volume's data key");
        }
        if (device.Cuts.Count == 0)
            return device;
        try
        {
            // A process that died between a cut and its row left a cut that nobody will ever upload.
            await using var scope = scopes.CreateAsyncScope();
            var pending = await scope.ServiceProvider.GetRequiredService<Db>().Snapshots
                .Where(s => s.VolumeId == volume.Id && s.State == SnapshotState.Pending)
                .Select(s => s.Id).ToListAsync(cancel);
            foreach (var cut in device.Cuts.Where(c => !pending.Contains(c.Id)))
                device.AbandonCut(cut.Id);
            return device;
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    // What is gone or damaged stays so; a full disk or a lock may pass.
    private static Protocol.Errors.AwsException Refusal(Volume volume, IOException failure) =>
        failure switch
        {
            StoreFullException => Ec2Error.NoSpace(volume.Region),
            FileNotFoundException or DirectoryNotFoundException
                or (BlockStoreException and not StoreReadOnlyException) =>
                Ec2Error.DataLost(volume.Id, volume.Region, failure.Message),
            _ => Ec2Error.StoreUnavailable(volume.Region, failure.Message),
        };

    // Asked each time, also for an open device: a key that was disabled since is refused.
    private async Task LoadKeys(Volume volume, CancellationToken cancel)
    {
        if (volume.DataKeyId is null && volume.BaseDataKeyId is null)
            return;
        await using var scope = scopes.CreateAsyncScope();
        var keys = scope.ServiceProvider.GetRequiredService<DataKeys>();
        await keys.OpenOrClear(volume.DataKeyId, cancel);
        // Once a snapshot was cut the volume lives above its own blocks; the snapshot's key is no longer needed then.
        if (volume.BaseDataKeyId is { } below && below != volume.DataKeyId && volume.LastManifestId is null)
            await keys.Open(below, cancel);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Volume {Id} did not close cleanly")]
    private partial void LogCloseFailed(Exception failure, string id);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Volume {Id} was mended after a flush that had failed: of what "
        + "was written since the flush before, it keeps what it shows now")]
    private partial void LogMended(string id);
}
