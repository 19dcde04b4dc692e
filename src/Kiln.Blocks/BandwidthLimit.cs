namespace Kiln.Blocks;

/// <summary>A rate that any number of transfers share: one for a copy, one for a pair of Regions.</summary>
/// <param name="bytesPerSecond">Above zero.</param>
/// <param name="clock">The wall clock.</param>
public sealed class BandwidthLimit(long bytesPerSecond, TimeProvider clock)
{
    // What may be ahead of the rate, so that a single large block does not make everyone wait in step.
    private static readonly TimeSpan Burst = TimeSpan.FromMilliseconds(50);

    private readonly Lock gate = new();
    private readonly long start = clock.GetTimestamp();
    private TimeSpan paidUntil;

    /// <summary>Waits until so many bytes may pass.</summary>
    public void Wait(long bytes, CancellationToken cancel)
    {
        TimeSpan due;
        lock (gate)
        {
            var now = clock.GetElapsedTime(start);
            if (paidUntil < now) paidUntil = now;
            due = paidUntil - now - Burst;
            paidUntil += TimeSpan.FromSeconds((double)bytes / bytesPerSecond);
        }

        if (due > TimeSpan.Zero) Task.Delay(due, clock, cancel).GetAwaiter().GetResult();
    }
}
