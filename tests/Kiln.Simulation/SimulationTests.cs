using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>Worlds in which disks fail, fill up and lie, processes die and power goes: one seed, one run.</summary>
public sealed class SimulationTests
{
    [Fact]
    public void Stores_and_volumes_keep_their_promises()
    {
        var finds = new Finds();
        foreach (var seed in Settings.Seeds("KILN_SIMULATION", 2000, TimeSpan.FromSeconds(90)))
            finds.Try($"seed {seed} (KILN_SIMULATION_SEED={seed} runs it again)", () => Run(seed));
        finds.Report();
    }

    private static void Run(int seed)
    {
        var random = new Random(seed * 31);
        using var world = new World(seed, new ModelDisk());
        try
        {
            world.Run(4);
            var rounds = random.Next(1, 5);
            for (var round = 0; round < rounds; round++)
            {
                // A world of its own kind each: peaceful, failing, full, or in a hurry to die.
                world.Faults.ErrorEvery = random.Next(3) == 0 ? random.Next(20, 400) : 0;
                world.Faults.WrongReadEvery = random.Next(4) == 0 ? random.Next(20, 200) : 0;
                world.Faults.IsFull = random.Next(8) == 0;
                if (random.Next(2) == 0) world.StopAfter(random.Next(1, 150));
                for (var step = 0; step < 25 && !world.IsStopped; step++)
                {
                    world.One();
                    if (world.Faults.IsFull && random.Next(4) == 0) world.Faults.IsFull = false;
                }

                // Where nobody knows what a failed sync of a volume has lost, only the disk itself says what is on it.
                if (random.Next(2) == 0 || world.Faults.DoubtLost) world.Restart(Survival.Random(random));
                else world.Restart(null);
            }

            world.Finish();
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                $"{e.Message}\n{string.Join('\n', world.Trace.TakeLast(60))}", e);
        }
    }
}
