using System.Numerics;
using Kiln.Blocks.Crypto;

namespace Kiln.Blocks;

// Guests before what is loaded ahead of them.
public sealed unsafe partial class BlockCache
{
    // A busy guest slows what is loaded in the background, and does not stop it.
    private static readonly TimeSpan YieldMax = TimeSpan.FromMilliseconds(20);

    private readonly ManualResetEventSlim quiet = new(initialState: true);
    private int waitingGuests;

    /// <summary>Brings frames here that are not; whoever asks for them meanwhile waits for this pull.</summary>
    /// <exception cref="BlockMissingException">No record has this address.</exception>
    /// <exception cref="BlockCorruptException">A check failed.</exception>
    internal void Prefetch(BlockAddress address, KeyDomain? domain, byte frames)
    {
        var whole = BitOperations.PopCount(frames) >= WholeFrom;
        for (var frame = 0; frame < Block.Frames; frame++)
        {
            if ((frames & (1 << frame)) != 0 && !TryCopy(address, frame, 0, default))
                Pull(address, frame, 0, default, domain, whole);
        }
    }

    /// <summary>Copies a whole block that is here entirely; false when a frame is missing.</summary>
    internal bool TryRead(BlockAddress address, Span<byte> destination)
    {
        for (var frame = 0; frame < Block.Frames; frame++)
        {
            if (!TryCopy(address, frame, 0, destination.Slice(frame * Block.FrameSize, Block.FrameSize))) return false;
        }

        return true;
    }

    /// <summary>Waits, not for long, while a guest waits for a pull.</summary>
    internal void YieldToGuests(CancellationToken cancel)
    {
        if (Volatile.Read(ref waitingGuests) > 0) quiet.Wait(YieldMax, cancel);
    }

    private void PullForGuest(
        BlockAddress address, int frame, int within, Span<byte> part, KeyDomain? domain, bool whole)
    {
        if (Interlocked.Increment(ref waitingGuests) == 1) quiet.Reset();
        try
        {
            Pull(address, frame, within, part, domain, whole);
        }
        finally
        {
            if (Interlocked.Decrement(ref waitingGuests) == 0) quiet.Set();
        }
    }
}
