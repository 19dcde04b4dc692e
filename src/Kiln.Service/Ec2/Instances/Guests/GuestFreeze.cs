namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The file systems of a machine at rest; they move again when this is disposed, or when
/// <see cref="Max"/> has passed.</summary>
public sealed class GuestFreeze : IAsyncDisposable
{
    /// <summary>How long file systems may rest: nothing that a machine serves may notice more.</summary>
    public static readonly TimeSpan Max = TimeSpan.FromSeconds(8);

    private readonly GuestAgent _agent;
    private readonly Action<string?> _ended;
    private readonly ITimer _limit;
    private Task? _end;

    internal GuestFreeze(GuestAgent agent, TimeProvider wall, Action<string?> ended)
    {
        (_agent, _ended) = (agent, ended);
        _limit = wall.CreateTimer(
            _ => _ = End("the instant was not taken in time"), null, Max, Timeout.InfiniteTimeSpan);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await End(null);
        await _limit.DisposeAsync();
    }

    // Whoever comes second waits for the first.
    private Task End(string? why)
    {
        lock (_limit)
            return _end ??= Thaw(why);
    }

    private async Task Thaw(string? why)
    {
        await _agent.EndFreeze();
        _ended(why);
    }
}
