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

    [Fact]
    public void What_is_built_on_what_a_killed_process_left_outlives_the_power()
    {
        var finds = new Finds();
        foreach (var seed in Settings.Seeds("KILN_KILLED", 100, TimeSpan.FromSeconds(2)))
        {
            finds.Try($"seed {seed} (KILN_KILLED_SEED={seed} runs it again)", () =>
            {
                var load = Load.Record(seed, steps: 12);
                load.Replay((disk, promises, where) => Replay.BuildOn(disk, promises, where, load.Trace));
            });
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
        var load = Load.Record(seed, steps);
        var random = new Random(seed);
        var call = 0;
        load.Replay((disk, promises, where) =>
        {
            foreach (var survival in survivals(call, random))
                Replay.Verify(disk, survival, promises, where, load.Trace);
            call++;
        });
    }
}
