using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Manifests;

namespace Kiln.Simulation.Worlds;

/// <summary>Holds what a machine shows against what was promised.</summary>
internal static class Check
{
    private static readonly CollectionOptions AtOnce = new() { Grace = TimeSpan.Zero, TrashTime = TimeSpan.Zero };

    /// <summary>Everything, on a machine that nobody needs afterwards: opening, bytes, instants, collection, scrub.
    /// </summary>
    internal static void Everything(Machine machine, Promises promises, Ending ending)
    {
        if (ending == Ending.PowerLost) promises.PowerWent();
        Snapshots(machine, promises);
        OpenVolumes(machine, promises, ending);
        Cuts(machine, promises);
        OpenStagings(machine, promises);

        // What was committed at the very instant of a collection is neither old nor new.
        machine.Clock.Move(TimeSpan.FromSeconds(1));
        for (var region = 0; region < Machine.Regions; region++)
        {
            var at = region;
            var report = new Collector(machine.Store(region)).Run(
                () => machine.Roots(at, promises), AtOnce, CancellationToken.None);
            Hold(report.Refused is null, $"collection refused: {report.Refused}");
            Hold(
                report.MissingRecords == 0 || promises.Stagings.Values.Any(s => s.MayHaveLost),
                "collection misses records");
        }

        Snapshots(machine, promises);
        foreach (var (name, device) in machine.Volumes)
            Same(promises.Volumes[name].Current, ReadAll(device), $"{name} after a collection");
        Scrubs(machine);
    }

    /// <summary>Every acknowledged snapshot, byte for byte.</summary>
    internal static void Snapshots(Machine machine, Promises promises)
    {
        foreach (var (name, snapshot) in promises.Snapshots) Snapshot(machine, name, snapshot);
    }

    internal static void Snapshot(Machine machine, string name, Promises.Snapshot snapshot)
    {
        var store = machine.Store(snapshot.Region);
        Content(store, store.OpenManifest(snapshot.Manifest), snapshot.Domain, snapshot.Units, name);
    }

    /// <summary>Opens the volumes that are closed, and notes what they show.</summary>
    internal static void OpenVolumes(Machine machine, Promises promises, Ending ending)
    {
        foreach (var (name, volume) in promises.Volumes.ToList())
        {
            if (machine.Volumes.ContainsKey(name)) continue;
            if (volume.IsUncertain && !machine.HasVolume(name))
            {
                promises.Volumes.Remove(name);
                continue;
            }

            volume.IsUncertain = false;
            var device = machine.OpenVolume(name, volume.Region);
            var found = ReadAll(device);
            Hold(found.Length >= volume.Length, $"{name} has shrunk");
            for (var unit = 0; unit < found.Length; unit++)
                Hold(IsAllowed(volume, unit, found[unit], ending), $"{name} unit {unit} shows {found[unit]}, "
                    + $"durable {At(volume.Durable, unit)}, current {At(volume.Current, unit)}");
            volume.Saw(found, ending);

            // As the service does: an instant that nobody was told of is given up.
            foreach (var cut in device.Cuts.Where(c => !volume.Cuts.ContainsKey(c.Id)).ToList())
                device.AbandonCut(cut.Id);
        }
    }

    /// <summary>A volume that shows the old or the new of what no flush has covered.</summary>
    internal static void Doubtful(Promises.Volume volume, VolumeDevice device, string name)
    {
        var found = ReadAll(device);
        for (var unit = 0; unit < found.Length; unit++)
            Hold(IsAllowed(volume, unit, found[unit], Ending.PowerLost), $"{name} unit {unit} shows {found[unit]} "
                + $"in doubt, durable {At(volume.Durable, unit)}, current {At(volume.Current, unit)}");
        volume.Saw(found, Ending.Killed);
    }

    internal static int[] ReadAll(VolumeDevice device)
    {
        var bytes = new byte[device.SizeBytes];
        device.Read(0, bytes);
        return Units.Stamps(0, bytes);
    }

    internal static void Content(BlockStore store, Manifest manifest, string? domain, int[] units, string name)
    {
        Hold(manifest.DomainId == domain, $"{name} is of another domain");
        var block = new byte[Block.Size];
        Hold(manifest.VolumeBlocks * Units.PerBlock >= units.Length, $"{name} is too small");
        for (var index = 0; index < manifest.VolumeBlocks; index++)
        {
            if (manifest.TryGet(index, out var address)) store.Read(address, Machine.Domain(domain), block);
            else Array.Clear(block);
            var found = Units.Stamps(index * Units.PerBlock, block);
            for (var i = 0; i < found.Length; i++)
            {
                var unit = (index * Units.PerBlock) + i;
                Hold(found[i] == At(units, unit), $"{name} unit {unit} shows {found[i]} instead of {At(units, unit)}");
            }
        }
    }

    internal static void Same(int[] expected, int[] found, string what)
    {
        var at = expected.AsSpan().CommonPrefixLength(found);
        Hold(
            at == expected.Length && at == found.Length,
            $"{what}: unit {at} shows {At(found, at)} instead of {At(expected, at)}");
    }

    internal static void Hold(bool condition, string what)
    {
        if (!condition) throw new BrokenPromiseException(what);
    }

    private static int At(int[] units, int unit) => unit < units.Length ? units[unit] : 0;

    private static bool IsAllowed(Promises.Volume volume, int unit, int found, Ending ending)
    {
        if (volume.InFlight.TryGetValue(unit, out var begun) && begun == found) return true;
        if (ending == Ending.Closed) return found == At(volume.Current, unit);

        // A guest's disk has a cache that may forget: only a flush makes a write good against the death of its keeper.
        return found == At(volume.Durable, unit)
            || (volume.Maybe.TryGetValue(unit, out var maybe) && maybe.Contains(found));
    }

    // An instant is there as it was, or says that it is lost; its upload is the proof.
    private static void Cuts(Machine machine, Promises promises)
    {
        foreach (var (name, volume) in promises.Volumes)
        {
            foreach (var (cutId, units) in volume.Cuts)
            {
                var device = machine.Volumes[name];
                if (device.Cuts.Any(c => c.Id == cutId))
                    VerifyCut(machine, volume, device, cutId, units);
                else if (!volume.Overtaking.Contains(cutId))
                    VerifyUploaded(machine, volume, device, cutId, units);
            }

            Same(volume.Current, ReadAll(machine.Volumes[name]), $"{name} after uploads");
        }
    }

    private static void VerifyCut(
        Machine machine, Promises.Volume volume, VolumeDevice device, string cutId, int[] units)
    {
        try
        {
            var id = device.UploadCutAsync(cutId, null, null, CancellationToken.None).GetAwaiter().GetResult();
            Content(machine.Store(volume.Region), machine.Store(volume.Region).OpenManifest(id), null, units, cutId);
        }
        catch (VolumeCutLostException) when (machine.Disk.Boot > 1 || machine.Faults.VolumeSyncFailed)
        {
            device.AbandonCut(cutId);
        }
    }

    // The upload was under way and has come to its end: its manifest is the base.
    private static void VerifyUploaded(
        Machine machine, Promises.Volume volume, VolumeDevice device, string cutId, int[] units)
    {
        Hold(device.Base is not null, $"{cutId} is gone");
        var manifest = machine.Store(volume.Region).OpenManifest(device.Base!.Value);
        Content(machine.Store(volume.Region), manifest, manifest.DomainId, units, cutId);
    }

    private static void OpenStagings(Machine machine, Promises promises)
    {
        foreach (var (id, staging) in promises.Stagings.ToList())
        {
            var open = machine.Store(staging.Region).OpenStaged(id, _ => Machine.Domain("key-1")!);
            Hold(open is not null || staging.IsUncertain, $"{id} is gone");
            if (open is null)
            {
                promises.Stagings.Remove(id);
                continue;
            }

            Staged(machine, id, staging, open);
        }
    }

    internal static void Staged(
        Machine machine, string id, Promises.Staging staging, StagedSnapshot open)
    {
        var block = new byte[Block.Size];
        for (var index = 0; index < open.VolumeBlocks; index++)
        {
            int? promised = staging.Blocks.TryGetValue(index, out var stamp) ? stamp : null;
            int? begun = staging.InFlight is { } put && put.Index == index ? put.Stamp : null;
            if (!open.TryGet(index, out var address))
            {
                Hold(promised is null || staging.MayHaveLost, $"{id} has lost block {index}");
                continue;
            }

            try
            {
                machine.Store(staging.Region).Read(address, null, block);
            }
            catch (BlockMissingException) when (staging.MayHaveLost)
            {
                continue;
            }

            var found = Units.Stamps(index * Units.PerBlock, block);
            Hold(found.All(f => f == found[0]), $"{id} shows a mixture at block {index}");
            Hold(
                found[0] == promised || found[0] == begun || (staging.MayHaveLost && found[0] > 0),
                $"{id} shows {found[0]} at block {index} instead of {promised}");
        }
    }

    // After a collection without grace every manifest that is left is reachable, and must be whole.
    private static void Scrubs(Machine machine)
    {
        for (var region = 0; region < Machine.Regions; region++)
        {
            var report = new Scrub(machine.Store(region)).Run(
                new CheckOptions { Keys = Machine.Domain }, CancellationToken.None);
            foreach (var problem in report.Problems)
            {
                Hold(
                    problem.IsRepaired || problem.Kind is CheckProblemKind.SegmentUnreadable,
                    $"scrub of region {region}: {problem}");
            }
        }
    }
}
