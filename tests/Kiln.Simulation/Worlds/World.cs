using System.Globalization;
using Kiln.Blocks;
using Kiln.Simulation.Disks;

namespace Kiln.Simulation.Worlds;

/// <summary>
/// One seed, one run: random work on two Regions and their volumes, with what was acknowledged noted as it is.
/// </summary>
/// <remarks>
/// Deterministic: one thread at a time, a clock that stands, every choice from the seed. (Segment seeds, salts and
/// nonces are random all the same; nothing depends on their values.)
/// </remarks>
internal sealed partial class World : IDisposable
{
    private const int VolumesMax = 4;
    private const int SnapshotsMax = 8;
    private const int StagingsMax = 2;

    // Few stamps in common, so that equal blocks meet; otherwise each is used once.
    private const int CommonStamps = 3;

    private readonly Random random;
    private readonly SimulatedClock clock = new();
    private readonly Faults faults;
    private readonly List<string> trace = [];
    private readonly (int Weight, string Name, Action Step)[] steps;
    private Machine machine;
    private bool closedOnFull;
    private int lastStamp = CommonStamps;
    private int lastName;

    internal World(int seed, ModelDisk disk)
    {
        random = new Random(seed);
        faults = new Faults(new Random(seed + 1));
        machine = new Machine(disk, faults, clock);
        steps =
        [
            (24, "write", Write), (4, "trim", Trim), (10, "flush", Flush), (3, "make a volume", MakeVolume),
            (1, "delete a volume", DeleteVolume), (1, "grow", Grow), (7, "cut", Cut), (9, "upload", Upload),
            (2, "abandon", Abandon), (2, "hydrate", Hydrate), (2, "reopen a volume", ReopenVolume),
            (2, "stage", Stage), (6, "put", Put), (3, "complete", Complete), (1, "discard", Discard),
            (5, "copy", Copy), (3, "delete a snapshot", DeleteSnapshot), (4, "collect", Collect),
            (2, "recompress", Recompress), (1, "scrub", Scrub),
            (1, "reopen a store", ReopenStore), (2, "verify", Verify), (2, "wait", Wait),
        ];
    }

    internal Promises Promises { get; private set; } = new();

    /// <summary>Called when what is promised has changed, and before it is about to.</summary>
    internal Action<Promises>? Noted { get; init; }

    /// <summary>What was done, for the one who has to understand it.</summary>
    internal IReadOnlyList<string> Trace => trace;

    internal Faults Faults => faults;

    /// <summary>Does so many random steps.</summary>
    internal void Run(int count)
    {
        MakeVolume();
        MakeVolume();
        for (var i = 0; i < count; i++) One();
    }

    /// <summary>Does one random step; refusals of the world end it, anything else is a bug.</summary>
    internal void One()
    {
        var at = random.Next(steps.Sum(s => s.Weight));
        var step = steps.First(s => (at -= s.Weight) < 0);
        Say(step.Name);
        try
        {
            step.Step();
        }
        catch (IOException refusal) when (machine.Disk.IsStopped || faults.IsFull || faults.Count > 0)
        {
            Say($"  refused: {refusal.GetType().Name} {refusal.Message}");
        }

        if (machine.Disk.IsStopped) return;
        LookAtBroken();
        if (machine.Volumes.Values.Any(v => v.IsBroken) && random.Next(4) == 0)
            Mend(Pick(machine.Volumes.Where(v => v.Value.IsBroken)).Key);
        Note();
    }

    /// <summary>A new process takes over: the old one died, or the machine lost its power.</summary>
    internal void Restart(Survival? powerLoss)
    {
        Say(powerLoss is null ? "the process dies" : "the power fails");
        var disk = powerLoss is null ? machine.Disk.Fork() : machine.Disk.AfterPowerLoss(powerLoss);
        machine.Disk.StopAfter(0);
        machine.Dispose();
        var (errors, wrong, full) = (faults.ErrorEvery, faults.WrongReadEvery, faults.IsFull);
        (faults.ErrorEvery, faults.WrongReadEvery, faults.IsFull) = (0, 0, false);
        faults.DoubtLost = false;
        machine = new Machine(disk, faults, clock);
        if (powerLoss is not null) Promises.PowerWent();
        Recover(powerLoss is null ? Ending.Killed : Ending.PowerLost);
        (faults.ErrorEvery, faults.WrongReadEvery, faults.IsFull) = (errors, wrong, full);
    }

    internal void StopAfter(long calls) => machine.Disk.StopAfter(calls);

    internal bool IsStopped => machine.Disk.IsStopped;

    /// <summary>Checks all that is promised, with nothing going wrong any more.</summary>
    internal void Finish()
    {
        (faults.ErrorEvery, faults.WrongReadEvery, faults.IsFull) = (0, 0, false);
        if (faults.DoubtLost) Restart(Survival.Random(random));
        else Restart(null);
        if (machine.Volumes.Values.Any(v => v.IsBroken))
        {
            // What is mended is as good as flushed.
            foreach (var name in machine.Volumes.Keys.Where(n => machine.Volumes[n].IsBroken).ToList()) Mend(name);
            Restart(Survival.Random(random));
        }

        Check.Everything(machine, Promises, Ending.Closed);
    }

    public void Dispose()
    {
        machine.Disk.StopAfter(0);
        machine.Dispose();
    }

    // Brings the promises to what the new process finds, which is what it goes on from.
    private void Recover(Ending ending)
    {
        Check.Snapshots(machine, Promises);
        Check.OpenVolumes(machine, Promises, ending);
        AdoptUploaded();

        // As the service does: a journal that nobody waits for is deleted.
        for (var region = 0; region < Machine.Regions; region++)
        {
            var at = region;
            foreach (var id in machine.Store(region).StagedIds)
            {
                if (Promises.Stagings.GetValueOrDefault(id)?.Region != at) machine.Store(region).DiscardStaged(id);
            }
        }

        foreach (var (id, staging) in Promises.Stagings.ToList())
        {
            var open = machine.Store(staging.Region).OpenStaged(id, _ => null!);
            Check.Hold(open is not null || staging.IsUncertain, $"{id} is gone");
            if (open is null)
            {
                Promises.Stagings.Remove(id);
                continue;
            }

            staging.IsUncertain = false;
            Check.Staged(machine, id, staging, open);
            Resume(staging, open);
        }

        Note();
    }

    // A cut that an opened volume does not have, though nobody was told that it was stored: its upload had come to its
    // end, and the base is the snapshot. The service takes it for that too.
    private void AdoptUploaded()
    {
        foreach (var (name, volume) in Promises.Volumes)
        {
            var cuts = machine.Volumes[name].Cuts;
            foreach (var id in volume.Cuts.Keys.Where(id => cuts.All(c => c.Id != id)).ToList())
            {
                if (volume.Overtaking.Contains(id)) volume.Cuts.Remove(id);
                else AddSnapshot(id, volume, machine.Volumes[name].Base!.Value);
            }
        }
    }

    private void Note() => Noted?.Invoke(Promises);

    private void Say(string what) =>
        trace.Add(string.Create(CultureInfo.InvariantCulture, $"{machine.Disk.Calls} {what}"));

    // Closing flushes, but cannot promise it where disks fail, or were full at the time.
    private Ending Closed => faults.Count > 0 || closedOnFull ? Ending.Killed : Ending.Closed;

    private void CloseVolume(string name)
    {
        closedOnFull |= faults.IsFull;
        machine.CloseVolume(name);

        // Nobody is left who knows what is in doubt.
        if (faults.DoubtLost) machine.Disk.StopAfter(0);
    }

    private string NewName(string kind) => $"{kind}-{++lastName}";

    private int NewStamp() => random.Next(3) == 0 ? random.Next(1, CommonStamps + 1) : ++lastStamp;

    private T? Pick<T>(IEnumerable<T> from)
    {
        var all = from.ToList();
        return all.Count == 0 ? default : all[random.Next(all.Count)];
    }

    // What is looked at to find out what happened is not itself disturbed.
    private T Undisturbed<T>(Func<T> look)
    {
        var (errors, wrong) = (faults.ErrorEvery, faults.WrongReadEvery);
        (faults.ErrorEvery, faults.WrongReadEvery) = (0, 0);
        try
        {
            return look();
        }
        finally
        {
            (faults.ErrorEvery, faults.WrongReadEvery) = (errors, wrong);
        }
    }

    private void Wait() => clock.Move(TimeSpan.FromMinutes(random.Next(5) == 0 ? -random.Next(60) : random.Next(120)));

    private void ReopenStore()
    {
        if (faults.DoubtLost) return;

        // A store closes after what is open upon it.
        var region = random.Next(Machine.Regions);
        foreach (var (name, volume) in Promises.Volumes)
        {
            if (volume.Region == region) CloseVolume(name);
        }

        try
        {
            machine.ReopenStore(region);
        }
        catch (IOException)
        {
            // A store that could not be opened is opened by the next call; here that is one that nothing disturbs.
            var full = faults.IsFull;
            faults.IsFull = false;
            Undisturbed(() =>
            {
                machine.ReopenStore(region);
                return true;
            });
            faults.IsFull = full;
            throw;
        }

        Undisturbed(() =>
        {
            Check.OpenVolumes(machine, Promises, Closed);
            AdoptUploaded();
            return true;
        });
    }
}
