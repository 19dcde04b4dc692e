namespace Kiln.Simulation.Worlds;

/// <summary>A clock that stands until it is moved, in either direction.</summary>
internal sealed class SimulatedClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    public override long GetTimestamp() => now.Ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    internal void Move(TimeSpan by) => now += by;
}
