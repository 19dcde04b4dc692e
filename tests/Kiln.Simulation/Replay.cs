using Kiln.Blocks;
using Kiln.Blocks.Manifests;
using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>One machine that stopped at one moment, and what comes after.</summary>
internal static class Replay
{
    /// <summary>The power goes; what the next boot shows.</summary>
    internal static void Verify(
        ModelDisk disk, Survival survival, Promises promises, string where, IReadOnlyList<string> trace) =>
        Try($"power lost {where}", trace, () =>
        {
            using var machine = Start(disk.AfterPowerLoss(survival));
            Check.Everything(machine, promises.Copy(), Ending.PowerLost);
        });

    /// <summary>The process dies; another promises what it finds there; then the power goes.</summary>
    internal static void BuildOn(
        ModelDisk disk, Promises promises, string where, IReadOnlyList<string> trace) =>
        Try($"process killed {where}", trace, () =>
        {
            promises = promises.Copy();
            List<(int Region, ManifestId Id, int[] Units)> built = [];
            Dictionary<string, int[]> flushed = [];
            using var next = Start(disk.Fork());
            Check.OpenVolumes(next, promises, Ending.Killed);
            foreach (var (region, units) in Known(promises))
                built.Add((region, Commit(next.Store(region), units), units));
            foreach (var (name, device) in next.Volumes)
            {
                device.Flush();
                flushed[name] = Check.ReadAll(device);
            }

            using var last = Start(next.Disk.AfterPowerLoss(Survival.Nothing));
            foreach (var (region, id, units) in built)
                Check.Content(last.Store(region), last.Store(region).OpenManifest(id), null, units, "what was met");
            foreach (var (name, units) in flushed)
                Check.Same(units, Check.ReadAll(last.OpenVolume(name, promises.Volumes[name].Region)), name);
            last.Disk.StopAfter(0);
            next.Disk.StopAfter(0);
        });

    // All that the one who died was told to keep: most of it is met where that one had put it.
    private static IEnumerable<(int Region, int[] Units)> Known(Promises promises)
    {
        foreach (var snapshot in promises.Snapshots.Values) yield return (snapshot.Region, snapshot.Units);
        foreach (var volume in promises.Volumes.Values)
        {
            foreach (var cut in volume.Cuts.Values) yield return (volume.Region, cut);
        }

        foreach (var staging in promises.Stagings.Values.Where(s => s.Blocks.Count > 0))
        {
            var units = new int[(staging.Blocks.Keys.Max() + 1) * Units.PerBlock];
            foreach (var (index, stamp) in staging.Blocks)
                units.AsSpan(index * Units.PerBlock, Units.PerBlock).Fill(stamp);
            yield return (staging.Region, units);
        }
    }

    private static ManifestId Commit(BlockStore store, int[] units)
    {
        var blocks = (units.Length + Units.PerBlock - 1) / Units.PerBlock;
        var padded = new int[blocks * Units.PerBlock];
        units.CopyTo(padded, 0);
        using var builder = store.BuildManifest(blocks, null);
        for (var block = 0; block < blocks; block++)
        {
            var stamps = padded.AsSpan(block * Units.PerBlock, Units.PerBlock);
            builder.Put(block, Units.Bytes(block * Units.PerBlock, stamps.ToArray()));
        }

        return builder.Commit();
    }

    private static Machine Start(ModelDisk disk)
    {
        var clock = new SimulatedClock();
        clock.Move(TimeSpan.FromDays(365));
        return new Machine(disk, new Faults(new Random(0)), clock);
    }

    private static void Try(string where, IReadOnlyList<string> trace, Action look)
    {
        try
        {
            look();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{where}: {e.Message}\n{string.Join('\n', trace.TakeLast(40))}", e);
        }
    }
}
