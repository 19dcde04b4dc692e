namespace Kiln.Blocks.Devices;

// Instants: freezing the newest layer, of one volume or of several together.
public sealed partial class VolumeDevice
{
    // Each pending cut is a layer that reads may have to pass; EBS allows five pending snapshots a volume.
    private const int LayersMax = 64;

    /// <summary>Cuts that are neither uploaded nor abandoned, oldest first.</summary>
    public IReadOnlyList<VolumeCut> Cuts =>
        [.. Volatile.Read(ref record).Cuts.Select(c => new VolumeCut(
            c.Id, c.Layer, c.SizeBytes, DateTimeOffset.FromUnixTimeMilliseconds(c.CreatedAtMs))
        {
            IsSettled = c.Settled, Boot = c.Boot,
        })];

    /// <summary>
    /// Takes an instant: every write that returned before is in it, none that starts later. O(1) in the volume's size;
    /// a process that dies afterwards finds it in <see cref="Cuts"/>.
    /// </summary>
    /// <param name="cutId">The caller's name for it; a cut of this name that exists is returned again.</param>
    public VolumeCut Cut(string cutId) => CutTogether([(this, cutId)])[0];

    /// <summary>Takes one instant of several volumes. Fails for all when it fails for one.</summary>
    public static IReadOnlyList<VolumeCut> CutTogether(IReadOnlyList<(VolumeDevice Volume, string CutId)> volumes)
    {
        if (volumes.DistinctBy(v => v.Volume).Count() != volumes.Count)
            throw new ArgumentException("A volume is named twice.", nameof(volumes));

        // One call at a time takes the gates, so that two cannot wait for each other.
        lock (CutOrder)
        {
            foreach (var (volume, _) in volumes) volume.gate.EnterWriteLock();
        }

        var done = new List<(VolumeDevice Volume, string CutId)>();
        try
        {
            foreach (var (volume, cutId) in volumes)
            {
                if (volume.Cuts.Any(c => c.Id == cutId)) continue;
                volume.Freeze(cutId);
                done.Add((volume, cutId));
            }
        }
        catch
        {
            foreach (var (volume, cutId) in done) volume.DropCut(cutId);
            throw;
        }
        finally
        {
            foreach (var (volume, _) in volumes) volume.gate.ExitWriteLock();
        }

        return [.. volumes.Select(v => v.Volume.Cuts.Single(c => c.Id == v.CutId))];
    }

    /// <summary>Gives up a cut. Its changes stay part of the volume and go into the next one's upload.</summary>
    public void AbandonCut(string cutId)
    {
        background.Wait();
        try
        {
            gate.EnterWriteLock();
            try
            {
                ObjectDisposedException.ThrowIf(disposed, this);
                if (Cuts.Any(c => c.Id == cutId)) DropCut(cutId);
            }
            finally
            {
                gate.ExitWriteLock();
            }

            MergeLayers();
        }
        finally
        {
            background.Release();
        }
    }

    /// <summary>Makes the volume larger; the new part reads as zeros.</summary>
    public void Grow(long sizeBytes)
    {
        if (sizeBytes > SizeBytesMax || sizeBytes % LayerMap.SectorSize != 0)
            throw new ArgumentOutOfRangeException(nameof(sizeBytes));
        background.Wait();
        gate.EnterWriteLock();
        try
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (sizeBytes < SizeBytes)
                throw new ArgumentOutOfRangeException(nameof(sizeBytes), "A volume cannot shrink.");
            foreach (var layer in stack.Layers) layer.Grow(sizeBytes);
            Save(record with { SizeBytes = sizeBytes });
        }
        finally
        {
            gate.ExitWriteLock();
            background.Release();
        }
    }

    private static readonly Lock CutOrder = new();

    // The caller holds the gate for writing.
    private void Freeze(string cutId)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        if (stack.Layers.Count >= LayersMax)
            throw new InvalidOperationException($"More than {LayersMax} cuts await their upload.");
        foreach (var layer in stack.Layers) layer.RefuseBroken();
        var top = stack.Top;

        // The process may die after this returned: the bits must be in the log, the data is in the page cache.
        try
        {
            top.LogForThisBoot(boot);
        }
        catch (IOException)
        {
            top.Revert();
            throw;
        }

        var next = VolumeLayer.Create(backend, TakeLayerNumber(), SizeBytes, domain);
        try
        {
            var cut = new VolumeRecord.CutRecord(
                cutId, top.Number, SizeBytes, clock.GetUtcNow().ToUnixTimeMilliseconds(), Settled: false, boot);
            Save(record with
            {
                Layers = [.. record.Layers, next.Record],
                Cuts = [.. record.Cuts, cut],
            });
        }
        catch
        {
            // Its files stay: whether the record names it by now only a restart can tell. An opening deletes what is
            // not named.
            next.Dispose();
            throw;
        }

        stack = stack.With([.. stack.Layers, next]);
    }

    // None is given twice: where a record could not be saved, the one on the disk may name it all the same. The caller
    // holds the gate for writing.
    private int TakeLayerNumber()
    {
        var number = record.NextLayer;
        Volatile.Write(ref record, record with { NextLayer = number + 1 });
        return number;
    }

    private void DropCut(string cutId) =>
        Save(record with { Cuts = [.. record.Cuts.Where(c => c.Id != cutId)] });

    private void Save(VolumeRecord changed)
    {
        changed.Write(backend);
        Volatile.Write(ref record, changed);
    }

    /// <summary>
    /// Joins neighbouring frozen layers of one kind when no cut needs the lower one by itself. The caller holds the
    /// background lock.
    /// </summary>
    private void MergeLayers()
    {
        while (true)
        {
            var layers = stack.Layers;
            var at = -1;
            for (var i = 0; i + 2 < layers.Count && at < 0; i++)
            {
                if (!layers[i].Shared && layers[i].Dirty == layers[i + 1].Dirty
                    && record.Cuts.All(c => c.Layer != layers[i].Number)) at = i;
            }

            // What is in doubt is settled by mending alone.
            if (at < 0 || IsBroken) return;
            Merge(layers[at], layers[at + 1]);
        }
    }

    // While this runs, and after a crash in the middle, the upper layer still answers for every sector that is being
    // overwritten in the lower one.
    private void Merge(VolumeLayer lower, VolumeLayer upper)
    {
        var buffer = new byte[Block.Size];
        foreach (var block in upper.Map.Blocks())
            lower.Copy(block, upper.Map.Bits(block), () => lower.CopyFrom(upper, block, buffer));

        Settle(lower);
        gate.EnterWriteLock();
        try
        {
            Save(record with
            {
                Layers = [.. record.Layers.Where(l => l.Number != upper.Number)],
                Cuts = [.. record.Cuts.Select(
                    c => c.Layer == upper.Number ? c with { Layer = lower.Number } : c)],
            });
            stack = stack.With([.. stack.Layers.Where(l => l != upper)]);
        }
        finally
        {
            gate.ExitWriteLock();
        }

        upper.DeleteFiles();
    }
}
