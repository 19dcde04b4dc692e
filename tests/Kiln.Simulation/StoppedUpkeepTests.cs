using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Packing;
using Kiln.Blocks.Segments;
using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>
/// Each thing that is done to segments behind their users' backs, stopped after every call that it makes: the power
/// fails there, or the process dies, another promises what it finds, and then the power fails.
/// </summary>
public sealed class StoppedUpkeepTests
{
    private const int Kept = 2;
    private const int Hurt = 1;

    // Of what a loss of power may leave of the calls before it: the first so many.
    private const int Combinations = 2;

    private static readonly CollectionOptions KeepTrash = new() { Grace = TimeSpan.Zero, CompactBelow = 0.9 };
    private static readonly CollectionOptions Now = KeepTrash with { TrashTime = TimeSpan.Zero };

    [Fact]
    public void Sealing() => AfterEachCall(store =>
    {
        // Handed to the operating system, as the puts of clients are, and not synced.
        var id = Commit(store);
        for (var value = Kept; value < 2 * Kept; value++) Written(store, value);
        return id;
    }, (store, _) => store.SealSegments());

    [Fact]
    public void Opening_after_a_kill()
    {
        for (var calls = 0; ; calls++)
        {
            var machine = Start(new ModelDisk());
            var id = Commit(machine.Store(0));
            for (var value = Kept; value < 2 * Kept; value++) Written(machine.Store(0), value);
            var disk = machine.Disk.Fork();
            machine.Disk.StopAfter(0);
            machine.Dispose();
            disk.StopAfter(calls);
            try
            {
                using var opened = Start(disk);
                disk.StopAfter(0);
            }
            catch (IOException) when (disk.IsStopped)
            {
                // As it should.
            }

            GoOnAfterAnything(disk, id, isHurt: false);
            if (disk.Calls < calls) break;
        }
    }

    [Fact]
    public void Closing() => AfterEachCall(store =>
    {
        var id = Commit(store);
        for (var value = Kept; value < 2 * Kept; value++) store.Put(Filled(value), null);
        return id;
    }, (store, _) => store.Dispose());

    [Fact]
    public void Compaction() => AfterEachCall(Thin, (store, id) => Collect(store, id));

    [Fact]
    public void Deletion() => AfterEachCall(store =>
    {
        using (var other = store.BuildManifest(1, null))
        {
            other.Put(0, Filled(200));
            other.Commit();
        }

        store.SealSegments();
        return Commit(store);
    }, (store, id) => Collect(store, id));

    [Fact]
    public void Recompression() => AfterEachCall(Thin, (store, _) => Recompress(store));

    [Fact]
    public void Collection_of_what_was_recompressed() => AfterEachCall(store =>
    {
        var id = Thin(store);
        Recompress(store);
        return id;
    }, (store, id) => Collect(store, id));

    [Fact]
    public void Setting_aside() => AfterEachCall(Thin, (store, id) => Collect(store, id), Damage);

    [Fact]
    public void Repair() => AfterEachCall(
        Thin, (store, _) => new Scrub(store).Run(new CheckOptions { RepairFrom = [Second()] }, CancellationToken.None),
        Damage);

    [Fact]
    public void Taking_back_from_the_trash() => AfterEachCall(store =>
    {
        var id = Commit(store);
        store.SealSegments();

        // Forgotten by whoever named the roots.
        new Collector(store).Run(() => [], KeepTrash, CancellationToken.None);
        return id;
    }, (store, id) => Check.Hold(Read(store, store.OpenManifest(id), 0, hurt: false), "it does not come back"));

    [Fact]
    public void Healing() => AfterEachCall(
        store =>
        {
            var id = Commit(store);
            for (var value = Kept; value < 2 * Kept; value++) Written(store, value);
            return id;
        },
        (store, _) => store.Sync(),
        machine =>
        {
            (machine.Faults.RefusesSyncs, machine.Faults.Forgets) = (true, false);
            Assert.Throws<StoreReadOnlyException>(() => machine.Store(0).Sync());
            machine.Faults.RefusesSyncs = false;
        });

    private static void AfterEachCall(
        Func<BlockStore, ManifestId> prepare, Action<BlockStore, ManifestId> work, Action<Machine>? harm = null)
    {
        var isHurt = harm == Damage;
        for (var calls = 0; ; calls++)
        {
            using var machine = Start(new ModelDisk());
            var id = prepare(machine.Store(0));
            harm?.Invoke(machine);

            // What was committed at the very instant of a collection is neither old nor new.
            machine.Clock.Move(TimeSpan.FromSeconds(1));
            machine.Disk.StopAfter(calls);
            try
            {
                work(machine.Store(0), id);
            }
            catch (IOException) when (machine.Disk.IsStopped)
            {
                // As it should.
            }

            var stopped = machine.Disk.IsStopped;
            machine.Disk.StopAfter(0);
            GoOnAfterAnything(machine.Disk, id, isHurt);
            if (!stopped) break;
        }
    }

    private static void GoOnAfterAnything(ModelDisk disk, ManifestId id, bool isHurt)
    {
        GoOn(disk.Fork(), id, isHurt);
        for (var number = 0; number < Combinations; number++)
        {
            var survival = new Survival.Numbered(number);
            GoOn(disk.AfterPowerLoss(survival), id, isHurt);
            if (survival.IsBeyond) break;
            GoOn(disk.AfterPowerLoss(Survival.Random(new Random(number))), id, isHurt);
        }
    }

    // What was promised is there; all that was put is mostly met, and promised now; and then the power goes.
    private static void GoOn(ModelDisk disk, ManifestId id, bool isHurt)
    {
        using var next = Start(disk);
        Verify(next.Store(0), id, isHurt);
        if (!isHurt)
        {
            // Also of what nobody names any more: a manifest that is there has its blocks.
            var report = new Scrub(next.Store(0)).Run(new CheckOptions(), CancellationToken.None);
            Check.Hold(report.IsHealthy, $"scrub: {report.Problems.FirstOrDefault()}");
        }

        using var builder = next.Store(0).BuildManifest(2 * Kept, null);
        for (var value = 0; value < 2 * Kept; value++) builder.Put(value, Filled(value));
        var met = builder.Commit();
        next.Disk.StopAfter(0);
        using var last = Start(next.Disk.AfterPowerLoss(Survival.Nothing));
        Verify(last.Store(0), met, isHurt: false);
        last.Disk.StopAfter(0);
    }

    private static void Verify(BlockStore store, ManifestId id, bool isHurt)
    {
        var manifest = store.OpenManifest(id);
        for (var value = 0; value < manifest.VolumeBlocks; value++)
        {
            var hurt = isHurt && value == Hurt;
            Check.Hold(Read(store, manifest, value, hurt) || hurt, $"block {value} is not there");
        }
    }

    // What is hurt may be refused, and is never wrong.
    private static bool Read(BlockStore store, Manifest manifest, int value, bool hurt)
    {
        var block = new byte[Block.Size];
        Assert.True(manifest.TryGet(value, out var address));
        try
        {
            store.Read(address, null, block);
        }
        catch (BlockStoreException) when (hurt)
        {
            return false;
        }

        Check.Hold(block.AsSpan().SequenceEqual(Filled(value)), $"block {value} shows something else");
        return true;
    }

    private static ManifestId Commit(BlockStore store)
    {
        using var builder = store.BuildManifest(Kept, null);
        for (var value = 0; value < Kept; value++) builder.Put(value, Filled(value));
        return builder.Commit();
    }

    // A segment of which less is needed than not.
    private static ManifestId Thin(BlockStore store)
    {
        for (var dead = 100; dead < 103; dead++) store.Put(Filled(dead), null);
        var id = Commit(store);
        store.SealSegments();
        return id;
    }

    private static void Written(BlockStore store, int value)
    {
        Assert.True(store.Index.TryFind(store.Put(Filled(value), null), out var at));
        store.EnsureWritten(at);
    }

    private static BlockStore Second()
    {
        var machine = Start(new ModelDisk());
        Commit(machine.Store(0));
        return machine.Store(0);
    }

    private static void Collect(BlockStore store, ManifestId id) =>
        new Collector(store).Run(() => [id], Now, CancellationToken.None);

    private static void Recompress(BlockStore store) => new Recompressor(store).Run(
        new RecompressionOptions { Quiet = TimeSpan.FromTicks(-1), ProcessorShareMin = 0 }, CancellationToken.None);

    private static void Damage(Machine machine)
    {
        var manifest = machine.Store(0).OpenManifest(machine.Store(0).Manifests()[0]);
        manifest.TryGet(Hurt, out var address);
        Assert.True(machine.Store(0).Index.TryFind(address, out var at));
        machine.Disk.Rot(
            $"region-0/{SegmentFormat.NameOf(at.Segment)}", at.Offset + RecordHeader.Size + at.StoredLength - 1);

        // Found, and without another copy.
        new Scrub(machine.Store(0)).Run(new CheckOptions(), CancellationToken.None);
    }

    private static Machine Start(ModelDisk disk) => new(disk, new Faults(new Random(0)), new SimulatedClock());

    // Little, so that a run over all calls costs little.
    private static byte[] Filled(int value)
    {
        var block = new byte[Block.Size];
        new Random(value).NextBytes(block.AsSpan(0, 3000));
        return block;
    }
}
