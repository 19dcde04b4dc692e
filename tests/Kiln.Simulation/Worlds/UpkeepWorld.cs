using System.Globalization;
using Kiln.Blocks;
using Kiln.Blocks.Collection;
using Kiln.Blocks.Manifests;
using Kiln.Blocks.Packing;
using Kiln.Blocks.Segments;
using Kiln.Simulation.Disks;

namespace Kiln.Simulation.Worlds;

/// <summary>
/// Snapshots that each have a copy in the other Region, and all that works on them behind their backs: collection,
/// compaction, recompression, scrubs, full disks, restarts, and bits that turn.
/// </summary>
/// <remarks>At most one block is damaged at a time, so that there is an intact copy of it: then nothing may be lost.
/// </remarks>
internal sealed class UpkeepWorld : IDisposable
{
    private const int BlocksMax = 4;
    private const int SnapshotsMax = 6;
    private const long Never = 1L << 40;

    private readonly Random random;
    private readonly SimulatedClock clock = new();
    private readonly Faults faults;
    private readonly List<string> trace = [];
    private readonly Dictionary<string, (ManifestId Manifest, string? Domain, int[] Units)> snapshots = [];
    private readonly (int Weight, string Name, Action Step)[] steps;
    private Machine machine;
    private (int Region, BlockAddress Address)? rotten;
    private int lastName;

    internal UpkeepWorld(int seed)
    {
        random = new Random(seed);
        faults = new Faults(new Random(seed + 1));
        machine = new Machine(new ModelDisk(), faults, clock);
        steps =
        [
            (8, "make", Make), (3, "delete", Delete), (4, "collect", Collect), (4, "recompress", Recompress),
            (4, "rot", Rot), (4, "scrub", Scrub), (2, "look", Look), (3, "read", Read),
            (1, "fill or empty the disk", Fill), (1, "restart", Restart), (2, "wait", Wait),
        ];
    }

    internal IReadOnlyList<string> Trace => trace;

    internal void Run(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var at = random.Next(steps.Sum(s => s.Weight));
            var step = steps.First(s => (at -= s.Weight) < 0);
            trace.Add(step.Name);

            // Now and then it does not come to its end.
            if (random.Next(8) == 0) machine.Disk.StopAfter(random.Next(1, 60));
            try
            {
                step.Step();
            }
            catch (StoreFullException) when (faults.IsFull)
            {
                trace.Add("  full");
            }
            catch (IOException) when (machine.Disk.IsStopped)
            {
                trace.Add("  stopped");
            }

            if (machine.Disk.IsStopped) Restart();
            machine.Disk.StopAfter(Never);
        }

        // In the end there is room, a scrub finds what is left, and all is whole.
        faults.IsFull = false;
        for (var region = 0; region < Machine.Regions; region++) Scrub(region);
        Check.Hold(rotten is null, "damage is left");
        Read();
    }

    public void Dispose()
    {
        machine.Disk.StopAfter(0);
        machine.Dispose();
    }

    private void Make()
    {
        if (rotten is not null || snapshots.Count >= SnapshotsMax) return;
        var (from, domain) = (machine.Store(0), random.Next(3) == 0 ? "key-1" : null);
        var units = new int[random.Next(1, BlocksMax + 1) * Units.PerBlock];
        using var builder = from.BuildManifest(units.Length / Units.PerBlock, Machine.Domain(domain));
        for (var block = 0; block < builder.VolumeBlocks; block++)
        {
            var stamps = units.AsSpan(block * Units.PerBlock, Units.PerBlock);
            stamps.Fill(random.Next(1, 20));
            builder.Put(block, Units.Bytes(block * Units.PerBlock, stamps.ToArray()));
        }

        var id = builder.Commit();
        var copy = BlockStore.CopyAsync(
            id, from, machine.Store(1), builder.Domain, builder.Domain, new CopyOptions(), CancellationToken.None)
            .GetAwaiter().GetResult();
        Check.Hold(copy.Manifest == id, "a copy is called otherwise");
        snapshots[string.Create(CultureInfo.InvariantCulture, $"snap-{++lastName}")] = (id, domain, units);
    }

    private void Delete()
    {
        if (snapshots.Count == 0) return;
        snapshots.Remove(snapshots.Keys.ElementAt(random.Next(snapshots.Count)));
    }

    private void Collect()
    {
        clock.Move(TimeSpan.FromSeconds(1));
        var report = new Collector(machine.Store(random.Next(Machine.Regions))).Run(
            () => snapshots.Values.Select(s => s.Manifest), new CollectionOptions
            {
                Grace = TimeSpan.Zero, TrashTime = TimeSpan.FromMinutes(random.Next(2) * 30), CompactBelow = 0.8,
            }, CancellationToken.None);
        Check.Hold(report.Refused is null, $"collection refused: {report.Refused}");
        Check.Hold(report.MissingRecords == 0 || rotten is not null, "collection misses records");
    }

    private void Recompress() => new Recompressor(machine.Store(random.Next(Machine.Regions))).Run(
        new RecompressionOptions
        {
            Domains = [Machine.Domain("key-1")!], Quiet = TimeSpan.FromTicks(-1), ProcessorShareMin = 0,
            RecordsMax = random.Next(1, 10),
        }, CancellationToken.None);

    private void Rot()
    {
        if (rotten is not null || snapshots.Count == 0) return;
        var region = random.Next(Machine.Regions);
        var store = machine.Store(region);
        var manifest = store.OpenManifest(snapshots.Values.ElementAt(random.Next(snapshots.Count)).Manifest);
        manifest.TryGet(random.Next((int)manifest.VolumeBlocks), out var address);
        Check.Hold(store.Index.TryFind(address, out var at), $"{address} is gone");
        if (store.Segments.Find(at.Segment)!.Written <= at.Offset) return;
        machine.Disk.Rot(
            $"region-{region}/{SegmentFormat.NameOf(at.Segment)}",
            at.Offset + random.Next(RecordHeader.Size + at.StoredLength));
        rotten = (region, address);
    }

    // Finds what is damaged and has nothing to repair it from: what works there next has to live with it.
    private void Look() => new Scrub(machine.Store(random.Next(Machine.Regions))).Run(
        new CheckOptions { Keys = Machine.Domain }, CancellationToken.None);

    private void Scrub() => Scrub(random.Next(Machine.Regions));

    private void Scrub(int region)
    {
        var report = new Scrub(machine.Store(region)).Run(
            new CheckOptions { Keys = Machine.Domain, RepairFrom = [machine.Store(1 - region)] },
            CancellationToken.None);

        // A full disk has no room for the footer of what is open, nor for a repair.
        if (rotten is not var (where, address) || where != region || faults.IsFull || machine.Disk.IsStopped) return;

        // Of what nobody needs the other copy may be gone; but no put is satisfied with it from here on.
        var unrepaired = report.Problems.FirstOrDefault(p => !p.IsRepaired);
        Check.Hold(unrepaired is null || !IsNeeded(region, address), $"not repaired: {unrepaired}");
        rotten = null;
        Read();
    }

    // Either the right bytes, or a refusal where they are damaged; after a restart they may be missing, for a scan
    // takes a damaged record for a torn one.
    private void Read()
    {
        for (var region = 0; region < Machine.Regions; region++)
        {
            foreach (var (name, snapshot) in snapshots)
            {
                var store = machine.Store(region);
                try
                {
                    Check.Content(
                        store, store.OpenManifest(snapshot.Manifest), snapshot.Domain, snapshot.Units, name);
                }
                catch (BlockStoreException damaged) when (rotten?.Region == region
                    && damaged is BlockCorruptException or BlockMissingException)
                {
                    trace.Add($"  {name} is refused");
                }
            }
        }
    }

    private void Fill() => faults.IsFull = !faults.IsFull;

    private void Restart()
    {
        var disk = random.Next(2) == 0 ? machine.Disk.Fork() : machine.Disk.AfterPowerLoss(Survival.Random(random));
        machine.Disk.StopAfter(0);
        machine.Dispose();
        faults.IsFull = false;
        machine = new Machine(disk, faults, clock);
        Read();
    }

    private void Wait() => clock.Move(TimeSpan.FromMinutes(random.Next(60)));

    private bool IsNeeded(int region, BlockAddress address) => snapshots.Values.Any(
        s => machine.Store(region).OpenManifest(s.Manifest).Entries().Any(e => e.Address == address));
}
