using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>Everything that works on a store behind its users' backs, together: one seed, one run.</summary>
public sealed class UpkeepTests
{
    [Fact]
    public void What_has_a_second_copy_is_never_lost_and_never_served_wrong()
    {
        var finds = new Finds();
        foreach (var seed in Settings.Seeds("KILN_UPKEEP", 500, TimeSpan.FromSeconds(10)))
            finds.Try($"seed {seed} (KILN_UPKEEP_SEED={seed} runs it again)", () => Run(seed));
        finds.Report();
    }

    private static void Run(int seed)
    {
        using var world = new UpkeepWorld(seed);
        try
        {
            world.Run(60);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{e.Message}\n{string.Join('\n', world.Trace.TakeLast(60))}", e);
        }
    }
}
