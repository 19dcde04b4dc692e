using Kiln.Blocks.Loading;
using Kiln.Blocks.Manifests;

namespace Kiln.Blocks.Devices;

// What is brought here before a guest asks for it.
public sealed partial class VolumeDevice
{
    // Blocks that hydration pulls before it lets other background work of the volume, and of other volumes, in.
    private const int HydrateBatch = 16;

    // An upload or a merge has the volume; it may take minutes, and nobody waits for hydration.
    private static readonly TimeSpan BusyPause = TimeSpan.FromMilliseconds(50);

    private ManifestId? tracedBase;

    /// <summary>True when no read of the volume needs the store's blocks: it has no base, or was hydrated.</summary>
    public bool IsLocal => Volatile.Read(ref record) is { Loaded: true } or { Base: null };

    /// <summary>
    /// Begins a boot: what the guest reads first is written down, and what earlier boots from the same manifest read is
    /// brought into the shared cache ahead of it. Does nothing without a base, or where a boot is being recorded.
    /// </summary>
    public void BeginBoot()
    {
        var now = Volatile.Read(ref stack);
        if (now.Base is not { } manifest || touches.IsOn) return;
        tracedBase = manifest.Id;
        touches.Begin();
        if (store.FindTrace(manifest.Id) is not { } trace) return;

        // Half of the cache: the other half is for what guests ask for by themselves.
        var prefetch = new TracePrefetch(
            store, manifest, now.BaseDomain, trace, touches,
            block => Volatile.Read(ref stack).Held(block) == UInt128.MaxValue, store.Options.CacheBytes / 2);
        store.Loader.Start(LoadKind.Trace, prefetch.Step, CancellationToken.None);
    }

    /// <summary>Ends the recording and merges it into the trace of the manifest; nothing where there is none.</summary>
    public void EndBoot()
    {
        if (!touches.IsOn) return;
        var read = touches.End();
        if (tracedBase is { } manifest && read.Count > 0) store.AddToTrace(manifest, read);
    }

    /// <summary>
    /// Copies what only the snapshot holds to the local disk, so that later reads need not pull. Runs behind guests and
    /// boot traces, on the store's own threads, and a block is copied once: run it again after a stop or a crash and it
    /// goes on. When it completes, no read of the volume needs the store's blocks any more.
    /// </summary>
    /// <param name="bytesPerSecond">Rate; EBS's volume initialization rate is 100 to 300 MiB/s. 0 is no limit.</param>
    /// <param name="progress">Told after each batch, from a thread of the store.</param>
    /// <param name="cancel">Stops before the next batch.</param>
    /// <exception cref="ObjectDisposedException">The volume was closed or deleted meanwhile.</exception>
    /// <exception cref="BlockStoreException">A block of the snapshot is damaged, or the disk is full.</exception>
    public Task HydrateAsync(long bytesPerSecond, IProgress<TransferProgress>? progress, CancellationToken cancel)
    {
        long next = 0, done = 0, paced = 0;
        var started = clock.GetTimestamp();
        return store.Loader.Start(LoadKind.Hydration, stop =>
        {
            if (!background.Wait(0, CancellationToken.None)) return BusyPause;
            try
            {
                (next, var passed, var copied) = HydrateSome(next, stop);
                done += passed;
                paced += copied;
                var total = (stack.Base?.BlockCount ?? 0) * Block.Size;
                progress?.Report(new TransferProgress(next < 0 ? total : Math.Min(done, total), total, paced));
            }
            finally
            {
                background.Release();
            }

            if (next < 0) return null;
            if (bytesPerSecond <= 0) return TimeSpan.Zero;
            var due = TimeSpan.FromSeconds((double)paced / bytesPerSecond) - clock.GetElapsedTime(started);
            return due > TimeSpan.Zero ? due : TimeSpan.Zero;
        }, cancel).Completion;
    }

    /// <returns>Where to go on, -1 for nowhere; bytes that are dealt with; bytes that were copied.</returns>
    private (long Next, long Passed, long Copied) HydrateSome(long from, CancellationToken cancel)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (stack.Base is not { } manifest) return (-1, 0, 0);
        var local = LocalLayer();
        var buffer = new byte[Block.Size];
        var (passed, copied) = (0, 0);
        var expected = from;
        foreach (var entry in manifest.Entries(from))
        {
            if (copied == HydrateBatch || passed == HydrateBatch * HydrateBatch || cancel.IsCancellationRequested)
            {
                local.Flush();
                return (expected, (long)passed * Block.Size, (long)copied * Block.Size);
            }

            FillHoles(local, expected, entry.Index);
            expected = entry.Index + 1;
            passed++;
            var held = stack.Held(entry.Index);
            if (held == UInt128.MaxValue) continue;
            if (entry.Address.IsZero)
            {
                FillHoles(local, entry.Index, expected);
                continue;
            }

            store.Cache.YieldToGuests(cancel);
            if (!store.Cache.TryRead(entry.Address, buffer)) store.Read(entry.Address, stack.BaseDomain, buffer);
            FillGaps(local, entry.Index, held, buffer);
            copied++;
        }

        if (expected % ManifestPage.References != 0) FillHoles(local, expected, PageEnd(expected));
        local.Settle();

        // What was passed by because a guest had written it must not fall back to the store when the power fails.
        Flush();
        gate.EnterWriteLock();
        try
        {
            Save(record with { Loaded = true });
        }
        finally
        {
            gate.ExitWriteLock();
        }

        return (-1, (long)passed * Block.Size, (long)copied * Block.Size);
    }

    // Blocks without data, in pages that have some: without a bit of its own each would ask the store's page again.
    private void FillHoles(VolumeLayer local, long from, long to)
    {
        // Pages that are not there need no bit; the holes before the first entry of this page and behind the last of
        // the one before do.
        if (PageEnd(from) < to)
        {
            FillHoles(local, from, from % ManifestPage.References == 0 ? from : PageEnd(from));
            FillHoles(local, to - (to % ManifestPage.References), to);
            return;
        }

        for (var block = from; block < Math.Min(to, (SizeBytes + Block.Size - 1) / Block.Size); block++)
        {
            var gaps = Sectors(block) & ~stack.Held(block);
            if (gaps == 0) continue;

            // What an unflushed write left there before a crash would show.
            var at = block * Block.Size;
            local.Copy(block, gaps, () => ForRuns(gaps, (first, count) => local.Data.PunchHole(
                at + ((long)first * LayerMap.SectorSize), (long)count * LayerMap.SectorSize)));
        }
    }

    private void FillGaps(VolumeLayer local, long block, UInt128 held, byte[] content)
    {
        var gaps = Sectors(block) & ~held;
        backend.Claim((long)UInt128.PopCount(gaps) * LayerMap.SectorSize);
        local.Copy(block, gaps, () => ForRuns(gaps, (first, count) => local.Data.Write(
            (block * Block.Size) + ((long)first * LayerMap.SectorSize),
            content.AsSpan(first * LayerMap.SectorSize, count * LayerMap.SectorSize))));
    }

    private static long PageEnd(long block) => ((block / ManifestPage.References) + 1) * ManifestPage.References;

    // The last block of a volume may end early.
    private UInt128 Sectors(long block) => LayerMap.Mask(0, (int)Math.Min(
        LayerMap.SectorsPerBlock, (SizeBytes - (block * Block.Size)) / LayerMap.SectorSize));

    private static void ForRuns(UInt128 bits, Action<int, int> run)
    {
        for (var sector = 0; sector < LayerMap.SectorsPerBlock;)
        {
            var first = sector;
            while (sector < LayerMap.SectorsPerBlock && (bits & (UInt128.One << sector)) != 0) sector++;
            if (sector > first) run(first, sector - first);
            else sector++;
        }
    }

    // The lowest layer, when it is a clean one of this volume alone, is where local copies of the base go; else one is
    // put beneath.
    private VolumeLayer LocalLayer()
    {
        if (stack.Layers.Count > 1 && stack.Layers[0] is { Dirty: false, Shared: false }) return stack.Layers[0];
        gate.EnterWriteLock();
        try
        {
            var layer = VolumeLayer.Create(backend, TakeLayerNumber(), SizeBytes, domain);
            layer.Dirty = false;
            try
            {
                Save(record with { Layers = [layer.Record, .. record.Layers] });
            }
            catch
            {
                layer.Dispose();
                throw;
            }

            stack = stack.With([layer, .. stack.Layers]);
            return layer;
        }
        finally
        {
            gate.ExitWriteLock();
        }
    }
}
