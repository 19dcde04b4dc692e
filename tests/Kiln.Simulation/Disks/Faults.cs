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

    /// <summary>True once a sync failed: what it should have written is lost at the next stop.</summary>
    internal bool SyncFailed { get; set; }

    /// <summary>How often something went wrong.</summary>
    internal int Count { get; private set; }

    internal bool Hits => Once(ErrorEvery);

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
