namespace Kiln.Service.Work;

/// <summary>The domain clock: creation dates, retention, schedules, expiry. The wall clock plus an offset.</summary>
/// <remarks>
/// The offset only grows, is kept in the database and shared by all nodes; only a development installation may move
/// it. What must never be moved (signature skew, leases, I/O deadlines) uses <see cref="Wall"/>.
/// </remarks>
public sealed class DomainClock(TimeProvider wall) : TimeProvider
{
    private long _offsetTicks;

    /// <summary>The wall clock.</summary>
    public TimeProvider Wall { get; } = wall;

    /// <summary>How far this clock is ahead of the wall clock.</summary>
    public TimeSpan Offset => TimeSpan.FromTicks(Interlocked.Read(ref _offsetTicks));

    /// <summary>Takes over an offset read from the database, unless a later one came first: who read before it was
    /// moved may adopt after.</summary>
    public void Adopt(TimeSpan offset)
    {
        var known = Interlocked.Read(ref _offsetTicks);
        while (offset.Ticks > known)
        {
            var before = Interlocked.CompareExchange(ref _offsetTicks, offset.Ticks, known);
            if (before == known)
                return;
            known = before;
        }
    }

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Wall.GetUtcNow() + Offset;

    /// <inheritdoc/>
    public override long GetTimestamp() => Wall.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => Wall.TimestampFrequency;

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        Wall.CreateTimer(callback, state, dueTime, period);
}
