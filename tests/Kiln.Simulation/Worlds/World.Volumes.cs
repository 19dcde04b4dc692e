using Kiln.Blocks;
using Kiln.Blocks.Devices;
using Kiln.Simulation.Disks;

namespace Kiln.Simulation.Worlds;

// What guests and the service do with volumes.
internal sealed partial class World
{
    private const int BlocksMax = 3;

    // The places where guests write: few, so that writes meet.
    private const int HotSectors = 5;

    private (string Name, Promises.Volume Promise, VolumeDevice Device)? PickVolume()
    {
        var name = Pick(machine.Volumes.Keys);
        return name is null ? null : (name, Promises.Volumes[name], machine.Volumes[name]);
    }

    private void MakeVolume()
    {
        if (Promises.Volumes.Count >= VolumesMax) return;
        var name = NewName("vol");
        var from = random.Next(2) == 0 ? Pick(Promises.Snapshots.Values) : null;
        var region = from?.Region ?? random.Next(Machine.Regions);
        var units = Math.Max(random.Next(1, BlocksMax + 1) * Units.PerBlock, from?.Units.Length ?? 0);

        // Volumes need not end with a block.
        if (from is null && random.Next(3) == 0) units -= Units.PerSector * random.Next(1, 100);
        units = (units + Units.PerSector - 1) / Units.PerSector * Units.PerSector;
        if (from is not null) units = (units + Units.PerBlock - 1) / Units.PerBlock * Units.PerBlock;
        var promise = new Promises.Volume
        {
            Region = region, Domain = random.Next(3) == 0 ? "key-1" : null, IsUncertain = true,
            Current = [.. from?.Units ?? [], .. new int[units - (from?.Units.Length ?? 0)]],
        };
        promise.Flushed();
        Promises.Volumes[name] = promise;
        Note();
        try
        {
            machine.Make(name, region, (long)units * Units.Size, from?.Manifest, promise.Domain);
            promise.IsUncertain = false;
        }
        catch (IOException) when (!IsStopped)
        {
            // What is half made is deleted, as the service does.
            Undisturbed(() => Forget(name));
            throw;
        }
    }

    private void DeleteVolume()
    {
        if (Promises.Volumes.Count < 2 || PickVolume() is not var (name, promise, _)) return;
        promise.IsUncertain = true;
        Note();
        CloseVolume(name);
        Forget(name);
    }

    // The record first, then the rest: half a volume is none.
    private bool Forget(string name)
    {
        var folder = machine.Folder(name);
        folder.Delete(VolumeRecord.FileName);
        foreach (var file in folder.List("")) folder.Delete(file);
        folder.SyncFolder("");
        Promises.Volumes.Remove(name);
        return true;
    }

    private void ReopenVolume()
    {
        // Where nobody knows which bytes a failed sync has lost, only a loss of power shows that.
        if (faults.DoubtLost || PickVolume() is not var (name, _, _)) return;
        CloseVolume(name);
        Undisturbed(() =>
        {
            Check.OpenVolumes(machine, Promises, Closed);
            AdoptUploaded();
            return true;
        });
    }

    private void Write()
    {
        if (PickVolume() is not var (_, promise, device)) return;
        var (first, count) = PickRange(promise);
        var stamps = new int[count];
        Array.Fill(stamps, NewStamp());
        var fua = random.Next(8) == 0;
        promise.Begin(first, stamps);
        Note();
        Change(promise, device, first, count, () =>
            device.Write((long)first * Units.Size, Units.Bytes(first, stamps), fua));
        if (!fua) return;
        for (var unit = first; unit < first + count; unit++)
        {
            promise.Durable[unit] = promise.Current[unit];
            promise.Maybe.Remove(unit);
        }
    }

    private void Trim()
    {
        if (PickVolume() is not var (_, promise, device)) return;
        var (first, count) = PickRange(promise);
        promise.Begin(first, new int[count]);
        Note();
        Change(promise, device, first, count, () =>
        {
            if (random.Next(2) == 0) device.Trim((long)first * Units.Size, (long)count * Units.Size);
            else device.WriteZeroes((long)first * Units.Size, (long)count * Units.Size);
        });
    }

    private (int First, int Count) PickRange(Promises.Volume promise)
    {
        if (random.Next(20) == 0)
        {
            var block = random.Next(promise.Length / Units.PerBlock + 1) * Units.PerBlock;
            if (block < promise.Length) return (block, Math.Min(Units.PerBlock, promise.Length - block));
        }

        // Around the ends of blocks and within them.
        var sectors = promise.Length / Units.PerSector;
        var hot = random.Next(HotSectors) * (sectors / HotSectors);
        var first = Math.Min((hot * Units.PerSector) + random.Next(12), promise.Length - 1);
        var count = random.Next(3) == 0 ? random.Next(1, 40) : Units.PerSector * random.Next(1, 3);
        if (random.Next(2) == 0) first = first / Units.PerSector * Units.PerSector;
        return (first, Math.Min(count, promise.Length - first));
    }

    // A refused write may be there in part: what is there now is what there is.
    private void Change(Promises.Volume promise, VolumeDevice device, int first, int count, Action change)
    {
        try
        {
            change();
            promise.End();
        }
        catch (IOException) when (device.IsBroken)
        {
            // What became of it is seen with all the rest.
            throw;
        }
        catch (IOException) when (!IsStopped)
        {
            var bytes = new byte[count * Units.Size];
            Undisturbed(() =>
            {
                device.Read((long)first * Units.Size, bytes);
                return true;
            });
            var found = Units.Stamps(first, bytes);
            for (var i = 0; i < count; i++)
            {
                var unit = first + i;
                Check.Hold(
                    found[i] == promise.Current[unit] || found[i] == promise.InFlight[unit],
                    $"unit {unit} shows {found[i]} after a refused write of {promise.InFlight[unit]} "
                    + $"over {promise.Current[unit]}");
                promise.Current[unit] = found[i];
            }

            promise.InFlight.Clear();
            throw;
        }
    }

    // What a flush that failed left in doubt shows the old or the new, until it is mended, and then is what there is.
    private void LookAtBroken()
    {
        if (faults.StoreSyncFailed) Promises.PowerWent();
        foreach (var (name, device) in machine.Volumes.Where(v => v.Value.IsBroken))
        {
            Undisturbed(() =>
            {
                Check.Doubtful(Promises.Volumes[name], device, name);
                return true;
            });
        }
    }

    private int[] ReadUndisturbed(VolumeDevice device) => Undisturbed(() => Check.ReadAll(device));

    private void Mend(string name)
    {
        var device = machine.Volumes[name];
        Say($"mend {name}");
        try
        {
            device.Mend();
            Check.Same(Promises.Volumes[name].Current, ReadUndisturbed(device), $"{name} after it was mended");
            Promises.Volumes[name].Flushed();
        }
        catch (IOException) when (!IsStopped)
        {
            Say("  refused");
            LookAtBroken();
        }
        catch (IOException)
        {
            Say("  stopped");
        }
    }

    private void Flush()
    {
        if (PickVolume() is not var (_, promise, device)) return;
        device.Flush();
        promise.Flushed();
    }

    private void Grow()
    {
        if (PickVolume() is not var (_, promise, device)) return;
        if (promise.Length >= 4 * Units.PerBlock) return;
        device.Grow(device.SizeBytes + (random.Next(1, 140) * LayerMap.SectorSize));
        var more = (int)(device.SizeBytes / Units.Size) - promise.Length;
        promise.Current = [.. promise.Current, .. new int[more]];
        promise.Durable = [.. promise.Durable, .. new int[more]];
    }

    private void Cut()
    {
        var all = machine.Volumes.Keys.Where(_ => random.Next(2) == 0)
            .Where(n => Promises.Volumes[n].Cuts.Count < 3).ToList();
        if (all.Count == 0) return;
        var cuts = all.Select(n => (machine.Volumes[n], NewName("snap"))).ToList();
        try
        {
            VolumeDevice.CutTogether(cuts);
        }
        catch (IOException) when (!IsStopped)
        {
            // As the service does: what may be left of it is given up.
            foreach (var (device, id) in cuts)
                Check.Hold(device.Cuts.All(c => c.Id != id) || faults.Count > 0, "half an instant is left");
            throw;
        }

        for (var i = 0; i < all.Count; i++)
            Promises.Volumes[all[i]].Cuts[cuts[i].Item2] = [.. Promises.Volumes[all[i]].Current];
    }

    private void Upload()
    {
        if (PickVolume() is not var (_, promise, device)) return;

        // The service uploads them in order; the device takes any.
        var id = random.Next(4) > 0 ? promise.Cuts.Keys.FirstOrDefault() : Pick(promise.Cuts.Keys);
        if (id is null) return;
        var domain = random.Next(4) == 0 ? Pick(["key-1", "key-2"]) : null;
        if (device.Cuts.Count > 0 && device.Cuts[0].Id != id && promise.Overtaking.Add(id)) Note();
        try
        {
            var manifest = device.UploadCutAsync(id, Machine.Domain(domain), null, CancellationToken.None)
                .GetAwaiter().GetResult();
            AddSnapshot(id, promise, manifest);
        }
        catch (VolumeCutLostException) when (!IsStopped)
        {
            Check.Hold(
                machine.Disk.Boot > 1 || faults.VolumeSyncFailed, $"{id} is lost without a loss of power");
            promise.Cuts.Remove(id);
            device.AbandonCut(id);
        }
        catch (IOException) when (!IsStopped && device.Cuts.All(c => c.Id != id))
        {
            // It came to its end, and only the tidying after it was refused.
            if (promise.Overtaking.Contains(id)) promise.Cuts.Remove(id);
            else AddSnapshot(id, promise, device.Base!.Value);
            throw;
        }
    }

    private void AddSnapshot(string id, Promises.Volume volume, Kiln.Blocks.Manifests.ManifestId manifest)
    {
        volume.Cuts.Remove(id, out var units);
        var domain = Undisturbed(() => machine.Store(volume.Region).OpenManifest(manifest).DomainId);
        var snapshot = new Promises.Snapshot(volume.Region, manifest, domain, units!);
        Promises.Snapshots[id] = snapshot;
        Note();
        Undisturbed(() =>
        {
            Check.Snapshot(machine, id, snapshot);
            return true;
        });
        if (Promises.Snapshots.Count > SnapshotsMax) DeleteSnapshot();
    }

    private void Abandon()
    {
        if (PickVolume() is not var (_, promise, device) || Pick(promise.Cuts.Keys) is not { } id) return;
        promise.Cuts.Remove(id);
        Note();
        device.AbandonCut(id);
    }

    private void Hydrate()
    {
        if (PickVolume() is not var (_, _, device)) return;
        device.HydrateAsync(0, null, CancellationToken.None).GetAwaiter().GetResult();
    }
}
