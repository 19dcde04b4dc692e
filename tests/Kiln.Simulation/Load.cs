using Kiln.Simulation.Disks;
using Kiln.Simulation.Worlds;

namespace Kiln.Simulation;

/// <summary>Every call that one random load made, and what was promised when it was made.</summary>
internal sealed class Load
{
    private readonly List<DiskOp> calls = [];
    private readonly List<(int Calls, Promises Promises)> noted = [];

    /// <summary>What was done, for the one who has to understand it.</summary>
    internal IReadOnlyList<string> Trace { get; private set; } = [];

    /// <summary>Runs it on a disk that does not fail.</summary>
    internal static Load Record(int seed, int steps)
    {
        var load = new Load();
        using var world = new World(seed, new ModelDisk { Record = load.calls })
        {
            Noted = p => load.noted.Add((load.calls.Count, p.Copy())),
        };
        world.Run(steps);
        load.Trace = [.. world.Trace];
        return load;
    }

    /// <summary>Makes the calls once more, and looks at the disk before the first and after each.</summary>
    internal void Replay(Action<ModelDisk, Promises, string> look)
    {
        var disk = new ModelDisk();
        var at = -1;
        for (var call = 0; call <= calls.Count; call++)
        {
            if (call > 0) disk.Do(calls[call - 1]);
            while (at + 1 < noted.Count && noted[at + 1].Calls <= call) at++;
            var last = call == 0 ? null : calls[call - 1];
            look(disk, at < 0 ? new Promises() : noted[at].Promises, $"after call {call} of {calls.Count} ({last})");
        }
    }
}
