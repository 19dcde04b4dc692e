namespace Kiln.Blocks.Loading;

/// <summary>Writes down what a guest reads of the base for the first time, in its order, while a boot is
/// recorded.</summary>
/// <remarks>Off, it costs a read of a field. Thread-safe.</remarks>
internal sealed class FirstTouches
{
    private readonly Lock gate = new();
    private readonly Dictionary<long, byte> seen = [];
    private readonly List<(long Block, byte Frames)> order = [];
    private volatile bool isOn;

    internal bool IsOn => isOn;

    internal void Begin()
    {
        lock (gate)
        {
            seen.Clear();
            order.Clear();
            isOn = true;
        }
    }

    /// <summary>Stops, and gives what was written down.</summary>
    internal IReadOnlyList<(long Block, byte Frames)> End()
    {
        lock (gate)
        {
            isOn = false;
            return [.. order];
        }
    }

    internal void Note(long block, int within, int length)
    {
        if (isOn) Add(block, Block.FramesOf(within, length));
    }

    /// <summary>True when all these frames were read.</summary>
    internal bool Has(long block, byte frames)
    {
        lock (gate) return (seen.GetValueOrDefault(block) & frames) == frames;
    }

    private void Add(long block, byte frames)
    {
        lock (gate)
        {
            var before = seen.GetValueOrDefault(block);
            var fresh = (byte)(frames & ~before);
            if (fresh == 0 || order.Count >= BootTrace.EntriesMax) return;
            seen[block] = (byte)(before | fresh);
            order.Add((block, fresh));
        }
    }
}
