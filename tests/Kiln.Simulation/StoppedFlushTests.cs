using Kiln.Blocks;
using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>A flush behind a cut whose bits are logged for this boot alone: the power may fail after any call of it,
/// in any way, and the volume opens.</summary>
public sealed class StoppedFlushTests
{
    private const int Losses = 60;

    [Fact]
    public void A_flush_after_a_cut_may_end_anywhere()
    {
        for (var (calls, stopped) = (0, true); stopped; calls++)
        {
            using var machine = Start(new ModelDisk());
            var volume = machine.Make("vol", 0, Block.Size, null, null);
            volume.Flush();
            volume.Write(0, Enumerable.Repeat((byte)1, 4096).ToArray());
            volume.Cut("snap");
            machine.Disk.StopAfter(calls);
            try
            {
                volume.Flush();
            }
            catch (IOException) when (machine.Disk.IsStopped)
            {
                // As it should.
            }

            stopped = machine.Disk.IsStopped;
            machine.Disk.StopAfter(0);
            for (var loss = 0; loss < Losses; loss++)
            {
                using var after = Start(machine.Disk.AfterPowerLoss(Survival.Random(new Random(loss))));
                after.OpenVolume("vol", 0);
                after.Disk.StopAfter(0);
            }
        }
    }

    private static Machine Start(ModelDisk disk) => new(disk, new Faults(new Random(0)), new SimulatedClock());
}
