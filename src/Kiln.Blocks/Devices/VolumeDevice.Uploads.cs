using Kiln.Blocks.Crypto;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks.Devices;

// From an instant to a manifest.
public sealed partial class VolumeDevice
{
    // A report an eighth of a gigabyte is often enough for a progress bar and seldom enough to cost nothing.
    private const int ReportEvery = 16;

    /// <summary>
    /// Uploads a cut: reads only blocks written since the base manifest, and builds on it. When it returns, the
    /// manifest is durable, is the volume's new base, and the cut is gone. One upload a volume at a time; run it again
    /// after a crash or failure and it goes on where blocks are stored already.
    /// </summary>
    /// <param name="cutId">A cut in <see cref="Cuts"/>.</param>
    /// <param name="domain">The key domain of the snapshot; another than the base's makes a full upload.</param>
    /// <param name="progress">Told now and then, from worker threads.</param>
    /// <param name="cancel">Stops between blocks; the cut stays.</param>
    /// <exception cref="KeyNotFoundException">There is no such cut.</exception>
    /// <exception cref="VolumeCutLostException">The machine stopped, or the disk failed, before the cut was durable.
    /// </exception>
    /// <exception cref="StoreFullException">No space; the cut stays, try again.</exception>
    public async Task<ManifestId> UploadCutAsync(
        string cutId, KeyDomain? domain, IProgress<TransferProgress>? progress, CancellationToken cancel)
    {
        await background.WaitAsync(cancel).ConfigureAwait(false);
        ManifestId id = default;
        CutUpload? upload = null;
        var workers = store.Options.InFlight.Workers(store.Options.Workers);
        try
        {
            await store.Options.InFlight.RunAsync(
                workers, turn =>
                {
                    upload ??= Begin(cutId, domain);
                    if (!Go(upload, turn, workers, progress, cancel)) return false;
                    id = End(upload, progress);
                    return true;
                }, cancel).ConfigureAwait(false);
        }
        catch
        {
            background.Release();
            throw;
        }
        finally
        {
            upload?.Dispose();
        }

        // The snapshot is complete; nobody need wait until its layers are joined. Whoever needs the volume's
        // background next does.
        _ = Task.Factory.StartNew(
            JoinAndRelease, CancellationToken.None,
            TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);
        return id;
    }

    private void JoinAndRelease()
    {
        try
        {
            MergeLayers();
        }
        catch (Exception failure) when (failure is IOException or InvalidOperationException)
        {
            // The layers answer as they are (a full disk, say); the next upload joins them.
        }
        finally
        {
            background.Release();
        }
    }

    private CutUpload Begin(string cutId, KeyDomain? domain)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var cut = Cuts.FirstOrDefault(c => c.Id == cutId)
            ?? throw new KeyNotFoundException($"The volume has no cut {cutId}.");
        var frozen = stack.UpTo(cut.Layer);
        SettleCut(cut, frozen);
        var blocks = (cut.SizeBytes + Block.Size - 1) / Block.Size;

        // Blocks of another key domain cannot be referred to, so a change of key starts a full chain.
        var parent = frozen.Base is { } known && known.DomainId == domain?.Id ? known : null;
        var changed = ChangedBlocks(frozen, parent, blocks);
        var total = changed.Count() * (long)Block.Size;
        var effort = UploadEffort.For(
            store, increment: parent is not null, total,
            dirtied: () => stack.Top.Map.Blocks().Count() * (long)Block.Size, waiting: () => Cuts.Count > 1);
        return new CutUpload(
            cut, frozen, domain, total, effort, store.BuildManifest(blocks, domain, parent?.Id),
            new WorkQueue<long>(changed));
    }

    // A turn of it; true when all blocks are stored.
    private static bool Go(
        CutUpload upload, BytesInFlight.Turn turn, int workers, IProgress<TransferProgress>? progress,
        CancellationToken cancel)
    {
        Workers.Run(workers, stop =>
        {
            using var buffer = new AlignedBuffer(Block.Size);
            while (!stop.IsCancellationRequested && upload.Changed.TryTake(turn, out var block))
            {
                var effort = upload.Effort.At(Volatile.Read(ref upload.Done));
                PutBlock(upload.Frozen, upload.Builder, block, upload.Cut.SizeBytes, effort, buffer.Span);
                var at = Interlocked.Add(ref upload.Done, Block.Size);
                if (at / Block.Size % ReportEvery == 0) progress?.Report(new TransferProgress(at, upload.Total));
            }
        }, cancel);
        return upload.Changed.IsEmpty;
    }

    private ManifestId End(CutUpload upload, IProgress<TransferProgress>? progress)
    {
        var id = upload.Builder.Commit();
        Rebase(upload.Cut, upload.Frozen, id, upload.Domain);
        progress?.Report(new TransferProgress(upload.Total, upload.Total));
        return id;
    }

    private static void PutBlock(
        VolumeStack frozen, ManifestBuilder builder, long block, long sizeBytes, Effort effort, Span<byte> buffer)
    {
        var start = block * Block.Size;
        var length = (int)Math.Min(Block.Size, sizeBytes - start);
        buffer[length..].Clear();
        frozen.Read(start, buffer[..length]);
        if (Block.IsZero(buffer)) builder.Clear(block);
        else builder.Put(block, buffer, effort);
    }

    // What the power could still take is made durable now; what it has taken is said.
    private void SettleCut(VolumeCut cut, VolumeStack frozen)
    {
        if (cut.IsSettled) return;
        if (cut.Boot != boot || frozen.IsBroken) throw new VolumeCutLostException(cut.Id);
        try
        {
            foreach (var layer in frozen.Layers) Settle(layer);
        }
        catch (IOException) when (frozen.IsBroken)
        {
            throw new VolumeCutLostException(cut.Id);
        }

        gate.EnterWriteLock();
        try
        {
            Save(record with
            {
                Cuts = [.. record.Cuts.Select(c => c.Id == cut.Id ? c with { Settled = true } : c)],
            });
        }
        finally
        {
            gate.ExitWriteLock();
        }
    }

    private static IEnumerable<long> ChangedBlocks(VolumeStack frozen, Manifest? parent, long blocks)
    {
        var sources = frozen.Layers.Where(l => parent is null || l.Dirty).Select(l => l.Map.Blocks()).ToList();
        if (parent is null && frozen.Base is { } other) sources.Add(other.Entries().Select(e => e.Index));
        return Union(sources).TakeWhile(b => b < blocks);
    }

    // All sources ascend, so their union needs no memory of what it has seen.
    private static IEnumerable<long> Union(List<IEnumerable<long>> sources)
    {
        var open = sources.Select(s => s.GetEnumerator()).Where(e => e.MoveNext()).ToList();
        while (open.Count > 0)
        {
            var least = open.Min(e => e.Current);
            yield return least;
            for (var i = open.Count - 1; i >= 0; i--)
            {
                if (open[i].Current != least || open[i].MoveNext()) continue;
                open[i].Dispose();
                open.RemoveAt(i);
            }
        }
    }

    // From here on the frozen layers only repeat what the manifest says.
    private void Rebase(VolumeCut cut, VolumeStack frozen, ManifestId id, KeyDomain? domain)
    {
        var manifest = store.OpenManifest(id);
        gate.EnterWriteLock();
        try
        {
            var clean = frozen.Layers.Select(l => l.Number).ToHashSet();
            var remaining = record.Cuts.Where(c => c.Id != cut.Id).ToList();
            if (remaining.Any(c => clean.Contains(c.Layer) && c.Layer != cut.Layer))
            {
                // An older instant still builds on the old base: the layers stay as they are for its sake.
                Save(record with { Cuts = remaining });
                return;
            }

            store.Pin(id);
            var before = record.BaseId;
            try
            {
                Save(record with
                {
                    Base = id.ToString(),
                    BaseDomain = domain?.Id,
                    Cuts = remaining,
                    Layers = [.. record.Layers.Select(
                        l => clean.Contains(l.Number) ? l with { Dirty = false } : l)],
                });
            }
            catch
            {
                store.Unpin(id);
                throw;
            }

            foreach (var layer in frozen.Layers) layer.Dirty = false;
            stack = stack.Over(manifest, domain);
            if (before is { } old) store.Unpin(old);
        }
        finally
        {
            gate.ExitWriteLock();
        }
    }
}
