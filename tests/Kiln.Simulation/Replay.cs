using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>One machine that lost its power at one moment, and what its next boot shows.</summary>
internal static class Replay
{
    internal static void Verify(
        ModelDisk disk, Survival survival, Promises promises, string where, IReadOnlyList<string> trace)
    {
        try
        {
            var clock = new SimulatedClock();
            clock.Move(TimeSpan.FromDays(365));
            using var machine = new Machine(disk.AfterPowerLoss(survival), new Faults(new Random(0)), clock);
            Check.Everything(machine, promises.Copy(), Ending.PowerLost);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException(
                $"{where}: {e.Message}\n{string.Join('\n', trace.TakeLast(40))}", e);
        }
    }
}
