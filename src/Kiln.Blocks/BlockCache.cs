using System.Runtime.InteropServices;
using Kiln.Blocks.Crypto;
using Kiln.Blocks.Segments;

namespace Kiln.Blocks;

/// <summary>
/// Unpacked, verified frames of 64 KiB, shared by all volumes of a store and bounded in memory. A frame that several
/// ask for is pulled once.
/// </summary>
public sealed unsafe partial class BlockCache : IDisposable
{
    private const int Stripes = 16;

    // A read of this many frames, or the frame after one that is cached, pulls the whole block: the neighbour is next.
    private const int WholeFrom = 3;

    private readonly record struct Key(BlockAddress Address, int Frame);

    private sealed class Stripe
    {
        public readonly Dictionary<Key, int> Slots = [];
        public readonly HashSet<BlockAddress> Pulling = [];
        public readonly Key[] Keys;
        public readonly bool[] Touched;
        public readonly nint[] Memory;
        public int Hand;
        public int Used;

        public Stripe(int slots)
        {
            Keys = new Key[slots];
            Touched = new bool[slots];
            Memory = new nint[slots];
        }
    }

    private readonly BlockStore store;
    private readonly Stripe[] stripes = new Stripe[Stripes];
    private long hits;
    private long pulls;

    internal BlockCache(BlockStore store, long bytes)
    {
        this.store = store;

        // Each stripe must hold a whole block, or a pull would evict itself.
        var slots = (int)Math.Max(2 * Block.Frames, bytes / Block.FrameSize / Stripes);
        for (var i = 0; i < Stripes; i++) stripes[i] = new Stripe(slots);
    }

    /// <summary>Frames served without a pull.</summary>
    public long Hits => Volatile.Read(ref hits);

    /// <summary>Memory that frames take.</summary>
    public long Bytes => stripes.Sum(s => (long)Volatile.Read(ref s.Used)) * Block.FrameSize;

    /// <summary>Frames pulled from the store.</summary>
    public long Pulls => Volatile.Read(ref pulls);

    /// <summary>Copies a part of a block, pulling the frames that are not here.</summary>
    /// <exception cref="BlockMissingException">No record has this address.</exception>
    /// <exception cref="BlockCorruptException">A check failed; nothing was served.</exception>
    internal void Read(BlockAddress address, KeyDomain? domain, int offset, Span<byte> destination)
    {
        if (address.IsZero)
        {
            destination.Clear();
            return;
        }

        var wide = destination.Length > (WholeFrom - 1) * Block.FrameSize;
        while (destination.Length > 0)
        {
            var frame = offset / Block.FrameSize;
            var within = offset % Block.FrameSize;
            var part = destination[..Math.Min(destination.Length, Block.FrameSize - within)];
            if (TryCopy(address, frame, within, part)) Interlocked.Increment(ref hits);
            else PullForGuest(address, frame, within, part, domain, wide || TryCopy(address, frame - 1, 0, default));
            destination = destination[part.Length..];
            offset += part.Length;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        quiet.Dispose();
        foreach (var stripe in stripes)
        {
            lock (stripe)
            {
                stripe.Slots.Clear();
                foreach (var memory in stripe.Memory) NativeMemory.Free((void*)memory);
                Array.Clear(stripe.Memory);
                stripe.Used = 0;
            }
        }
    }

    private bool TryCopy(BlockAddress address, int frame, int within, Span<byte> part)
    {
        var stripe = stripes[address.Shard % Stripes];
        lock (stripe)
        {
            if (!stripe.Slots.TryGetValue(new Key(address, frame), out var slot)) return false;
            stripe.Touched[slot] = true;
            new ReadOnlySpan<byte>((byte*)stripe.Memory[slot] + within, part.Length).CopyTo(part);
            return true;
        }
    }

    // One puller per block at a time; who comes second waits and then mostly finds the frame.
    private void Pull(
        BlockAddress address, int frame, int within, Span<byte> part, KeyDomain? domain, bool whole)
    {
        var stripe = stripes[address.Shard % Stripes];
        lock (stripe)
        {
            while (!stripe.Pulling.Add(address)) Monitor.Wait(stripe);
        }

        try
        {
            if (TryCopy(address, frame, within, part)) return;
            var began = store.Clock.GetTimestamp();
            var codec = store.Codecs.Rent();
            try
            {
                Unpack(codec, address, frame, domain, whole, stripe);
                store.Options.Metrics?.Pulled(store, began);
                codec.Plain.Slice((frame * Block.FrameSize) + within, part.Length).CopyTo(part);
            }
            finally
            {
                store.Codecs.Return(codec);
            }
        }
        finally
        {
            lock (stripe)
            {
                stripe.Pulling.Remove(address);
                Monitor.PulseAll(stripe);
            }
        }
    }

    private void Unpack(
        BlockCodec codec, BlockAddress address, int frame, KeyDomain? domain, bool whole, Stripe stripe)
    {
        if (whole)
        {
            store.LoadRecord(codec, address, RecordHeader.KindBlock);
            codec.UnpackVerified(domain, codec.Plain);
        }
        else
        {
            store.LoadFrame(codec, address, frame);
            codec.Unpack(frame, domain, codec.Plain[(frame * Block.FrameSize)..]);
        }

        Interlocked.Add(ref pulls, whole ? Block.Frames : 1);
        lock (stripe)
        {
            for (var i = whole ? 0 : frame; i < (whole ? Block.Frames : frame + 1); i++)
                Keep(stripe, new Key(address, i), codec.Plain.Slice(i * Block.FrameSize, Block.FrameSize));
        }
    }

    // Second chance: a frame that was used since the hand passed stays for another round.
    private static void Keep(Stripe stripe, Key key, ReadOnlySpan<byte> bytes)
    {
        if (stripe.Slots.ContainsKey(key)) return;
        int slot;
        if (stripe.Used < stripe.Keys.Length)
        {
            slot = stripe.Used++;
            stripe.Memory[slot] = (nint)NativeMemory.Alloc(Block.FrameSize);
        }
        else
        {
            while (stripe.Touched[stripe.Hand])
            {
                stripe.Touched[stripe.Hand] = false;
                stripe.Hand = (stripe.Hand + 1) % stripe.Keys.Length;
            }

            slot = stripe.Hand;
            stripe.Hand = (stripe.Hand + 1) % stripe.Keys.Length;
            stripe.Slots.Remove(stripe.Keys[slot]);
        }

        stripe.Keys[slot] = key;
        stripe.Touched[slot] = false;
        stripe.Slots[key] = slot;
        bytes.CopyTo(new Span<byte>((void*)stripe.Memory[slot], Block.FrameSize));
    }
}
