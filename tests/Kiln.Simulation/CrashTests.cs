using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>
/// Records every call of a mixed load, and lets the power fail after each of them, in every way that is permitted.
/// </summary>
public sealed class CrashTests
{
    [Fact]
    public void Power_may_fail_after_any_call()
    {
        var finds = new Finds();
        foreach (var seed in Settings.Seeds("KILN_CRASH", 100, TimeSpan.FromSeconds(25)))
            finds.Try($"seed {seed} (KILN_CRASH_SEED={seed} runs it again)", () => Explore(seed, 60, 2));
        finds.Report();
    }

    private static void Explore(int seed, int steps, int variants)
    {
        var calls = new List<DiskOp>();
        var noted = new List<(int Calls, Promises Promises)>();
        List<string> trace;
        using (var world = new World(seed, new ModelDisk { Record = calls })
        {
            Noted = p => noted.Add((calls.Count, p.Copy())),
        })
        {
            world.Run(steps);
            trace = [.. world.Trace];
        }

        var disk = new ModelDisk();
        var random = new Random(seed);
        var at = -1;
        for (var call = 0; call <= calls.Count; call++)
        {
            if (call > 0) disk.Do(calls[call - 1]);
            while (at + 1 < noted.Count && noted[at + 1].Calls <= call) at++;
            var promises = at < 0 ? new Promises() : noted[at].Promises;
            for (var variant = 0; variant < variants; variant++)
            {
                var survival = variant switch
                {
                    0 when call % 4 == 0 => Survival.Nothing,
                    0 when call % 4 == 1 => Survival.Everything,
                    _ => Survival.Random(random),
                };
                Replay.Verify(disk, survival, promises, $"power lost after call {call} of {calls.Count}"
                    + $" ({(call == 0 ? null : calls[call - 1])})", trace);
            }
        }
    }
}
