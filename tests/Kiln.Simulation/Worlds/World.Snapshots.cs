using System.Security.Cryptography;
using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Packing;

namespace Kiln.Simulation.Worlds;

// What the service does with snapshots, and behind their backs.
internal sealed partial class World
{
    private void Stage()
    {
        if (Promises.Stagings.Count >= StagingsMax) return;
        var id = NewName("snap");
        var parent = Pick(Promises.Snapshots.Values.Where(s => s.Domain is null));
        var region = parent?.Region ?? random.Next(Machine.Regions);
        var blocks = parent is null
            ? random.Next(1, BlocksMax + 1) : (parent.Units.Length + Units.PerBlock - 1) / Units.PerBlock;
        var staging = new Promises.Staging { Region = region, Parent = parent?.Units ?? [], IsUncertain = true };
        Promises.Stagings[id] = staging;
        Note();
        try
        {
            machine.Store(region).Stage(id, blocks, null, parent?.Manifest);
            staging.IsUncertain = false;
        }
        catch (IOException) when (!IsStopped)
        {
            Undisturbed(() =>
            {
                machine.Store(region).DiscardStaged(id);
                return Promises.Stagings.Remove(id);
            });
            throw;
        }
    }

    private (string Id, Promises.Staging Promise, StagedSnapshot Open)? PickStaging()
    {
        var id = Pick(Promises.Stagings.Keys);
        if (id is null) return null;
        var promise = Promises.Stagings[id];
        return (id, promise, machine.Store(promise.Region).OpenStaged(id, _ => null!)!);
    }

    private void Put()
    {
        if (PickStaging() is not var (_, promise, open) || promise.IsUncertain) return;
        var (index, stamp) = (random.Next((int)open.VolumeBlocks), NewStamp());
        var stamps = new int[Units.PerBlock];
        Array.Fill(stamps, stamp);
        var bytes = Units.Bytes(index * Units.PerBlock, stamps);
        promise.InFlight = (index, stamp);
        Note();
        open.Put(index, bytes, SHA256.HashData(bytes));
        promise.Blocks[index] = stamp;
        promise.InFlight = null;
    }

    private void Complete()
    {
        if (PickStaging() is not var (id, promise, open)) return;

        // What CompleteSnapshot checks: the client's count of blocks.
        if (open.WrittenCount != promise.Blocks.Count) return;
        ManifestId manifest;
        try
        {
            manifest = open.Commit();
        }
        catch (BlockMissingException) when (promise.MayHaveLost)
        {
            machine.Store(promise.Region).DiscardStaged(id);
            Promises.Stagings.Remove(id);
            return;
        }

        var units = new int[open.VolumeBlocks * Units.PerBlock];
        promise.Parent.CopyTo(units, 0);
        foreach (var (index, stamp) in promise.Blocks)
            units.AsSpan(index * Units.PerBlock, Units.PerBlock).Fill(stamp);
        Promises.Snapshots[id] = new Promises.Snapshot(promise.Region, manifest, null, units);
        promise.IsUncertain = true;
        Note();
        Undisturbed(() =>
        {
            Check.Snapshot(machine, id, Promises.Snapshots[id]);
            return true;
        });
        machine.Store(promise.Region).DiscardStaged(id);
        Promises.Stagings.Remove(id);
    }

    private void Discard()
    {
        if (PickStaging() is not var (id, promise, _)) return;
        promise.IsUncertain = true;
        Note();
        machine.Store(promise.Region).DiscardStaged(id);
        Promises.Stagings.Remove(id);
    }

    // After a restart a client goes on from what it is told is there.
    private static void Resume(Promises.Staging staging, StagedSnapshot open)
    {
        if (staging.InFlight is { } put && open.TryGet(put.Index, out var address)
            && address == AddressOf(put.Index, put.Stamp)) staging.Blocks[put.Index] = put.Stamp;
        staging.InFlight = null;
        if (!staging.MayHaveLost) return;
        foreach (var (index, stamp) in staging.Blocks.ToList())
        {
            if (!open.TryGet(index, out address) || address != AddressOf(index, stamp)) staging.Blocks.Remove(index);
        }
    }

    private static BlockAddress AddressOf(int index, int stamp)
    {
        var stamps = new int[Units.PerBlock];
        Array.Fill(stamps, stamp);
        return new BlockAddress(SHA256.HashData(Units.Bytes(index * Units.PerBlock, stamps)));
    }

    private void Copy()
    {
        if (Promises.Snapshots.Count > SnapshotsMax || Pick(Promises.Snapshots.Keys) is not { } id) return;
        var source = Promises.Snapshots[id];
        var to = random.Next(Machine.Regions);
        var domain = Pick<string?>([null, "key-1", source.Domain]);
        var copied = BlockStore.CopyAsync(
            source.Manifest, machine.Store(source.Region), machine.Store(to), Machine.Domain(source.Domain),
            Machine.Domain(domain), new CopyOptions(), CancellationToken.None).GetAwaiter().GetResult();
        var name = NewName("snap");
        Promises.Snapshots[name] = new Promises.Snapshot(to, copied.Manifest, domain, source.Units);
        Note();
        Undisturbed(() =>
        {
            Check.Snapshot(machine, name, Promises.Snapshots[name]);
            return true;
        });
    }

    private void DeleteSnapshot()
    {
        if (Pick(Promises.Snapshots.Keys) is not { } id) return;

        // The parent of what is being put is a root of the service's as long as it is.
        Promises.Snapshots.Remove(id);
    }

    private void Collect()
    {
        var region = random.Next(Machine.Regions);
        clock.Move(TimeSpan.FromSeconds(1));
        var grace = random.Next(2) == 0 ? TimeSpan.Zero : TimeSpan.FromMinutes(30);
        var report = new Collector(machine.Store(region)).Run(
            () => machine.Roots(region, Promises),
            new CollectionOptions { Grace = grace, TrashTime = random.Next(2) == 0 ? TimeSpan.Zero : grace },
            CancellationToken.None);
        Check.Hold(report.Refused is null || faults.Count > 0, $"collection refused: {report.Refused}");
    }

    private void Recompress() => new Recompressor(machine.Store(random.Next(Machine.Regions))).Run(
        new RecompressionOptions
        {
            Domains = [Machine.Domain("key-1")!, Machine.Domain("key-2")!], Quiet = TimeSpan.FromTicks(-1),
            ProcessorShareMin = 0, RecordsMax = random.Next(1, 6),
        }, CancellationToken.None);

    private void Scrub()
    {
        var region = random.Next(Machine.Regions);
        var report = new Scrub(machine.Store(region)).Run(
            new CheckOptions { Keys = Machine.Domain, RepairFrom = [machine.Store(1 - region)] },
            CancellationToken.None);
        Check.Hold(
            faults.Count > 0 || machine.Disk.Boot > 1 || report.IsHealthy,
            $"scrub found {report.Problems.FirstOrDefault()} though nothing went wrong");
    }

    private void Verify() => Check.Snapshots(machine, Promises);
}
