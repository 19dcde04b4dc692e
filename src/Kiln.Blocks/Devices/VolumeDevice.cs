using Kiln.Blocks.Backends;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Loading;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Devices;

/// <summary>
/// A volume: layers of local writes above a manifest. Making one from a snapshot copies nothing, whatever its size.
/// </summary>
/// <remarks>
/// Thread-safe. Each cut freezes the newest layer and starts another, so that guests go on writing while an instant
/// uploads. Format and ordering: docs/formats/volume.md.
/// </remarks>
public sealed partial class VolumeDevice : IDevice, IDisposable
{
    /// <summary>Offsets and lengths are multiples of this.</summary>
    public const int AlignmentBytes = 512;

    /// <summary>Largest volume: 64 TiB, EBS's bound.</summary>
    public const long SizeBytesMax = 64L << 40;

    // Enough that two guests' threads seldom meet on one; each is held for the write of one sector.
    private const int WriteLocks = 64;

    private readonly IBackend backend;
    private readonly BlockStore store;
    private readonly TimeProvider clock;
    private readonly Func<string, KeyDomain> keys;
    private readonly ReaderWriterLockSlim gate = new();
    private readonly SemaphoreSlim background = new(1, 1);
    private readonly Lock[] writeLocks = new Lock[WriteLocks];
    private readonly ulong boot;
    private readonly KeyDomain? domain;
    private readonly FirstTouches touches = new();
    private VolumeStack stack;
    private VolumeRecord record;
    private bool disposed;

    private VolumeDevice(
        IBackend backend, VolumeRecord record, BlockStore store, Func<string, KeyDomain> keys, TimeProvider clock)
    {
        this.backend = backend;
        this.record = record;
        this.store = store;
        this.clock = clock;
        this.keys = keys;
        boot = backend.Boot;

        // A process that was killed may have left a record whose name only the page cache knows; flushes build on it.
        backend.SyncFolder("");
        for (var i = 0; i < WriteLocks; i++) writeLocks[i] = new Lock();
        if (record.BaseId is { } pinned) store.Pin(pinned);
        try
        {
            var manifest = record.BaseId is { } id ? store.OpenManifest(id) : null;
            var baseDomain = record.BaseDomain is { } below ? keys(below) : null;
            domain = record.Domain is { } own ? keys(own) : null;
            stack = new VolumeStack(store, OpenLayers(), manifest, baseDomain, touches);
        }
        catch
        {
            if (record.BaseId is { } unpinned) store.Unpin(unpinned);
            throw;
        }
    }

    /// <summary>Makes a volume in a new directory: empty, or above a snapshot's manifest. O(1) in its size.</summary>
    /// <param name="directory">Its folder; must not hold a volume.</param>
    /// <param name="sizeBytes">A multiple of 4096, at least the manifest's size.</param>
    /// <param name="manifest">The snapshot's manifest, or null for an empty volume.</param>
    /// <param name="store">The Region's store.</param>
    /// <param name="keys">Gives the key domain of an id; called for the base's domain and the volume's own.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="domainId">The domain under which its own bytes are encrypted on the local disk, for the volume's
    /// whole life; it need not be the base's. Null keeps them clear.</param>
    public static VolumeDevice Create(
        string directory, long sizeBytes, ManifestId? manifest, BlockStore store, Func<string, KeyDomain> keys,
        TimeProvider clock, string? domainId = null) =>
        Create(new FileBackend(directory), sizeBytes, manifest, store, keys, clock, domainId);

    /// <summary>As <see cref="Create(string, long, ManifestId?, BlockStore, Func{string, KeyDomain}, TimeProvider,
    /// string?)"/>, on a backend, which the volume will own.</summary>
    public static VolumeDevice Create(
        IBackend backend, long sizeBytes, ManifestId? snapshot, BlockStore store, Func<string, KeyDomain> keys,
        TimeProvider clock, string? domainId = null)
    {
        try
        {
            if (sizeBytes is <= 0 or > SizeBytesMax || sizeBytes % LayerMap.SectorSize != 0)
                throw new ArgumentOutOfRangeException(nameof(sizeBytes));
            var manifest = snapshot is { } id ? store.OpenManifest(id) : null;
            if (manifest is not null && manifest.VolumeBlocks * Block.Size > sizeBytes)
                throw new ArgumentException("A volume is at least as large as its snapshot.", nameof(sizeBytes));
            if (backend.Exists(VolumeRecord.FileName)) throw new IOException("The folder holds a volume already.");
            VolumeRecord.LayerRecord first;
            using (var layer = VolumeLayer.Create(backend, 1, sizeBytes, domainId is null ? null : keys(domainId)))
                first = layer.Record;
            var record = new VolumeRecord
            {
                SizeBytes = sizeBytes, Base = manifest?.Id.ToString(), BaseDomain = manifest?.DomainId,
                Domain = domainId, NextLayer = 2, Layers = [first],
            };
            record.Write(backend);
            return new VolumeDevice(backend, record, store, keys, clock);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>Opens a volume and recovers it from an unclean stop: what was flushed is there.</summary>
    /// <exception cref="FileNotFoundException">The directory holds none.</exception>
    /// <exception cref="IOException">It is open elsewhere.</exception>
    public static VolumeDevice Open(
        string directory, BlockStore store, Func<string, KeyDomain> keys, TimeProvider clock)
    {
        if (!Exists(directory)) throw new FileNotFoundException($"{directory} holds no volume.");
        return Open(new FileBackend(directory), store, keys, clock);
    }

    /// <summary>The same on a backend, which the volume will own.</summary>
    public static VolumeDevice Open(
        IBackend backend, BlockStore store, Func<string, KeyDomain> keys, TimeProvider clock)
    {
        try
        {
            return new VolumeDevice(backend, VolumeRecord.Read(backend), store, keys, clock);
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    /// <summary>The manifest that the volume in a directory builds on, open or not; null when none.</summary>
    /// <exception cref="BlockCorruptException">Its record is damaged.</exception>
    public static ManifestId? BaseOf(string directory)
    {
        using var backend = new FileBackend(directory, readOnly: true);
        try
        {
            return VolumeRecord.Read(backend).BaseId;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>True when the directory holds a volume.</summary>
    public static bool Exists(string directory) => File.Exists(Path.Combine(directory, VolumeRecord.FileName));

    /// <summary>Deletes a volume that is not open. Its record goes first, so that a half-deleted one is none.</summary>
    public static void Delete(string directory)
    {
        if (!Directory.Exists(directory)) return;
        using (new FileBackend(directory)) File.Delete(Path.Combine(directory, VolumeRecord.FileName));
        Directory.Delete(directory, recursive: true);
    }

    /// <inheritdoc/>
    public long SizeBytes => Volatile.Read(ref record).SizeBytes;

    /// <inheritdoc/>
    public bool IsReadOnly => false;

    /// <summary>The manifest that unwritten sectors come from; changes when a cut was uploaded.</summary>
    public ManifestId? Base => Volatile.Read(ref record).BaseId;

    /// <summary>The key domain of its own bytes on the local disk; null when they are clear.</summary>
    public string? DomainId => domain?.Id;

    /// <inheritdoc/>
    public void Read(long offset, Span<byte> destination)
    {
        gate.EnterReadLock();
        try
        {
            Check(offset, destination.Length);
            stack.Read(offset, destination);
        }
        finally
        {
            gate.ExitReadLock();
        }
    }

    /// <inheritdoc/>
    public void Write(long offset, ReadOnlySpan<byte> source, bool fua = false)
    {
        VolumeLayer top;
        gate.EnterReadLock();
        try
        {
            Check(offset, source.Length);
            top = stack.Top;
            while (source.Length > 0)
            {
                var within = (int)(offset % Block.Size);
                var part = source[..Math.Min(source.Length, Block.Size - within)];
                WriteInBlock(offset / Block.Size, within, part);
                source = source[part.Length..];
                offset += part.Length;
            }
        }
        finally
        {
            gate.ExitReadLock();
        }

        if (fua) Flush(top);
    }

    /// <inheritdoc/>
    public void Flush()
    {
        var layers = Volatile.Read(ref stack).Layers;
        ObjectDisposedException.ThrowIf(disposed, this);

        // A frozen layer may still hold what an earlier write left unflushed; one that only repeats the base does not.
        var began = clock.GetTimestamp();
        foreach (var layer in layers)
        {
            if (layer.Dirty) Flush(layer);
        }

        store.Options.Metrics?.Flushed(store, began);
    }

    /// <inheritdoc/>
    public void StartFlush(long offset, long length)
    {
        try
        {
            Volatile.Read(ref stack).Top.Data.StartSync(offset, length);
        }
        catch (ObjectDisposedException)
        {
            // Merged away or closed: nothing to begin with.
        }
    }

    // Outside the gate: a sync may take long, and a cut must not wait for it with all readers behind it.
    private void Flush(VolumeLayer layer)
    {
        try
        {
            layer.Flush();
        }
        catch (ObjectDisposedException) when (!disposed)
        {
            // Merged into another meanwhile, which was made durable before.
        }
        catch (IOException) when (layer.IsBroken)
        {
            RevertBroken();
            throw;
        }
    }

    /// <summary>Flushes and closes; frees nothing.</summary>
    public void Dispose()
    {
        background.Wait();
        gate.EnterWriteLock();
        try
        {
            if (disposed) return;
            foreach (var layer in stack.Layers.Where(l => !l.IsBroken))
            {
                try
                {
                    layer.Settle();
                }
                catch (IOException)
                {
                    // What was flushed before is safe; what was not was never promised.
                    layer.Revert();
                }
            }

            TryMend();
            disposed = true;
            foreach (var layer in stack.Layers) layer.Dispose();
            if (record.BaseId is { } pinned) store.Unpin(pinned);
            backend.Dispose();
        }
        finally
        {
            gate.ExitWriteLock();
            background.Release();
        }
    }

    private List<VolumeLayer> OpenLayers()
    {
        DeleteLeftovers();
        var layers = new List<VolumeLayer>();
        try
        {
            foreach (var layer in record.Layers)
                layers.Add(VolumeLayer.Open(backend, layer, record.SizeBytes, domain, boot));
        }
        catch
        {
            foreach (var layer in layers) layer.Dispose();
            throw;
        }

        return layers;
    }

    // Layers that a merge, or a cut that failed, did not come to delete.
    private void DeleteLeftovers()
    {
        var named = record.Layers.Select(l => l.Number).ToHashSet();
        foreach (var file in backend.List(""))
        {
            if (VolumeLayer.TryParseName(file, out var number) && !named.Contains(number)) backend.Delete(file);
        }
    }

    private void Check(long offset, long length)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (offset < 0 || length < 0 || offset > SizeBytes - length || ((offset | length) & (AlignmentBytes - 1)) != 0)
            throw new ArgumentOutOfRangeException(nameof(offset), "Outside the volume, or not aligned.");
    }

    private void WriteInBlock(long block, int within, ReadOnlySpan<byte> part)
    {
        var first = within / LayerMap.SectorSize;
        var last = (within + part.Length - 1) / LayerMap.SectorSize;
        var mask = LayerMap.Mask(first, last - first + 1);
        var top = stack.Top;
        var at = (block * Block.Size) + within;
        if (top.Map.Has(block, mask))
        {
            // Mostly nothing new; but what was trimmed is a hole.
            if (!backend.TryClaim(part.Length) && top.Data.Seek(at, data: false) < at + part.Length)
                backend.Claim(part.Length);
            top.Write(block, at, part);
            return;
        }

        backend.Claim(part.Length);

        // A sector that the layer does not hold yet is completed from below; nobody else may do so meanwhile.
        lock (writeLocks[block % WriteLocks])
        {
            Complete(top, block, within, first);
            if (last != first || within + part.Length < (first + 1) * LayerMap.SectorSize)
                Complete(top, block, within + part.Length, last);
            top.Write(block, at, part);
            top.Hold(block, mask);
        }
    }

    // Brings the sector into the layer when a write that begins or ends inside of it would leave a part undefined.
    private void Complete(VolumeLayer top, long block, int edge, int sector)
    {
        if (edge % LayerMap.SectorSize == 0 || top.Map.Has(block, UInt128.One << sector)) return;
        Span<byte> bytes = stackalloc byte[LayerMap.SectorSize];
        var at = (block * Block.Size) + ((long)sector * LayerMap.SectorSize);
        stack.Read(at, bytes);
        top.Data.Write(at, bytes);
    }
}
