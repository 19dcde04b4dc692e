namespace Kiln.Blocks;

/// <summary>A rate that any number of transfers share: one for a copy, one for a pair of Regions.</summary>
/// <param name="bytesPerSecond">The rate to begin with; 0 for none.</param>
/// <param name="clock">The wall clock.</param>
public sealed class BandwidthLimit(long bytesPerSecond, TimeProvider clock)
{
    // What may be ahead of the rate, so that a single large block does not make everyone wait in step.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(50);

    // A wait is cut into these, so that a rate that is raised meanwhile is felt.
    private static readonly TimeSpan WaitMax = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private readonly long start = clock.GetTimestamp();
    private long rate = bytesPerSecond;
    private TimeSpan paidUntil;

    /// <summary>The rate; 0 for none. Changing it holds for what waits, too.</summary>
    public long BytesPerSecond
    {
        get => Volatile.Read(ref rate);
        set
        {
            lock (gate)
            {
                if (value == rate) return;
                rate = value;

                // What was reserved at the old rate is forgiven.
                paidUntil = TimeSpan.Zero;
            }
        }
    }

    /// <summary>Waits until so many bytes may pass.</summary>
    public void Wait(long bytes, CancellationToken cancel)
    {
        TimeSpan turn;
        long at;
        lock (gate)
        {
            at = rate;
            if (at <= 0) return;
            var now = clock.GetElapsedTime(start);
            if (paidUntil < now) paidUntil = now;
            turn = paidUntil - Burst;
            paidUntil += TimeSpan.FromSeconds((double)bytes / at);
        }

        while (Volatile.Read(ref rate) == at && turn - clock.GetElapsedTime(start) is var due && due > TimeSpan.Zero)
            Task.Delay(due < WaitMax ? due : WaitMax, clock, cancel).GetAwaiter().GetResult();
    }
}
