namespace Kiln.Blocks.Devices;

// How data comes into a layer: first the bytes, then the bits, then the count that has a flush look.
internal sealed partial class VolumeLayer
{
    /// <summary>Writes within a block. Sectors that it adds are the layer's once <see cref="Hold"/> says so.</summary>
    /// <remarks>Also where it fails: of sectors that the layer holds it may show in part, and for what shows the next
    /// flush speaks.</remarks>
    internal void Write(long block, long at, ReadOnlySpan<byte> bytes)
    {
        try
        {
            Data.Write(at, bytes);
        }
        finally
        {
            Touched(block);
        }
    }

    /// <summary>As <see cref="Write"/>, zeros: with their space, or as a hole.</summary>
    internal void Clear(long block, long at, long length, bool keepSpace)
    {
        try
        {
            if (keepSpace) Data.Zero(at, length);
            else Data.PunchHole(at, length);
        }
        finally
        {
            Touched(block);
        }
    }

    // So that the next flush has work.
    private void Touched(long block)
    {
        Map.Stamp(block);
        Touched();
    }

    /// <summary>Says that sectors whose data was written are the layer's from now on.</summary>
    /// <remarks>The caller holds the block's lock, or is alone. They outlive the process from here on; local copies of
    /// what is below need not.</remarks>
    internal void Hold(long block, UInt128 sectors)
    {
        if (Dirty) NoteAnswered(block, sectors);
        Map.Set(block, sectors);

        // After the bits: a flush that covers the count has logged them.
        Touched(block);
    }

    /// <summary>Writes what something else has too, and holds it.</summary>
    /// <remarks>Not beside a flush: one that fails between the two would drop the bytes and be followed by their bit.
    /// </remarks>
    internal void Copy(long block, UInt128 sectors, Action write)
    {
        lock (flushGate)
        {
            write();
            Hold(block, sectors);
        }
    }
}
