using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>
/// Records every call of a mixed load, and lets the power fail after each of them, in the ways that are permitted.
/// </summary>
public sealed class CrashTests
{
    // Of the combinations after one call: all where few calls are unsynced, and the first of them where many are.
    private const int CombinationsMax = 16;

    [Fact]
    public void Power_may_fail_after_any_call()
    {
        var finds = new Finds();
        foreach (var seed in Settings.Seeds("KILN_CRASH", 100, TimeSpan.FromSeconds(20)))
        {
            finds.Try(
                $"seed {seed} (KILN_CRASH_SEED={seed} runs it again)",
                () => Explore(seed, steps: 60, (call, random) =>
                [
                    (call % 4) switch
                    {
                        0 => Survival.Nothing,
                        1 => Survival.Everything,
                        _ => Survival.Random(random),
                    },
                    Survival.Random(random),
                ]));
        }

        finds.Report();
    }

    [Fact]
    public void Every_combination_of_what_is_lost_may_follow_a_small_load()
    {
        var finds = new Finds();
        foreach (var seed in Settings.Seeds("KILN_SMALL", 100, TimeSpan.FromSeconds(15)))
        {
            finds.Try(
                $"seed {seed} (KILN_SMALL_SEED={seed} runs it again)", () => Explore(seed, steps: 4, Combinations));
        }

        finds.Report();
    }

    private static IEnumerable<Survival> Combinations(int call, Random random)
    {
        for (var number = 0; number < CombinationsMax; number++)
        {
            var survival = new Survival.Numbered(number);
            yield return survival;
            if (survival.IsBeyond) yield break;
        }
    }

    private static void Explore(int seed, int steps, Func<int, Random, IEnumerable<Survival>> survivals)
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
            var where = $"power lost after call {call} of {calls.Count} ({(call == 0 ? null : calls[call - 1])})";
            foreach (var survival in survivals(call, random)) Replay.Verify(disk, survival, promises, where, trace);
        }
    }
}
