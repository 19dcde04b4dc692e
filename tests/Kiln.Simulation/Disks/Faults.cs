using Kiln.Blocks;

namespace Kiln.Simulation.Disks;

/// <summary>What goes wrong between a program and its disk, by chance and by seed.</summary>
internal sealed class Faults(Random random)
{
    /// <summary>One call in so many is refused; 0 is none.</summary>
    internal int ErrorEvery { get; set; }

    /// <summary>One read in so many comes back with a bit turned, or short; 0 is none.</summary>
    internal int WrongReadEvery { get; set; }

    /// <summary>True while the disk takes no more bytes.</summary>
    internal bool IsFull { get; set; }

    /// <summary>True once a sync of a volume failed.</summary>
    internal bool VolumeSyncFailed { get; set; }

    /// <summary>True once the note about such a failure could not be written: only a loss of power shows what is on the
    /// disk.</summary>
    internal bool DoubtLost { get; set; }

    /// <summary>True once a sync of a store failed: what no commit had made durable may be gone.</summary>
    internal bool StoreSyncFailed { get; set; }

    /// <summary>How often something went wrong.</summary>
    internal int Count { get; private set; }

    internal bool Hits => Once(ErrorEvery);

    /// <summary>True while every sync is refused.</summary>
    internal bool RefusesSyncs { get; set; }

    /// <summary>While it is set, the syncs of files with this end of a name are refused, and no others.</summary>
    internal string? RefusesSyncsOf { get; set; }

    /// <summary>While it is set, the sync of this folder is refused.</summary>
    internal string? RefusesFolder { get; set; }

    /// <summary>Whether the kernel lets go of what it could not write; null for now and then.</summary>
    internal bool? Forgets { get; set; }

    internal bool HitsSync => RefusesSyncs || Hits;

    internal bool Evicts => Forgets ?? random.Next(2) == 0;

    internal void Write()
    {
        Call();
        if (IsFull) throw new StoreFullException("The disk is full.");
    }

    internal void Call()
    {
        if (Hits) throw new IOException("The disk answered with an error.");
    }

    /// <summary>Bytes as they may come back.</summary>
    internal int Read(Span<byte> bytes)
    {
        Call();
        if (bytes.Length == 0 || !Once(WrongReadEvery)) return bytes.Length;
        if (random.Next(3) == 0) return random.Next(bytes.Length);
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        return bytes.Length;
    }

    private bool Once(int every)
    {
        if (every == 0 || random.Next(every) != 0) return false;
        Count++;
        return true;
    }
}
