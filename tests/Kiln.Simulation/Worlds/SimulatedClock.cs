namespace Kiln.Simulation.Worlds;

/// <summary>A clock that stands until it is moved, in either direction; what is measured is measured in real time.
/// </summary>
internal sealed class SimulatedClock : TimeProvider
{
    private DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override DateTimeOffset GetUtcNow() => now;

    internal void Move(TimeSpan by) => now += by;
}
