namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>The file systems of a machine at rest; they move again when this is disposed.</summary>
public sealed class GuestFreeze : IAsyncDisposable
{
    private readonly GuestAgent _agent;
    private int _ended;

    internal GuestFreeze(GuestAgent agent, long fileSystems)
    {
        _agent = agent;
        FileSystems = fileSystems;
    }

    /// <summary>How many file systems rest, as the agent says.</summary>
    public long FileSystems { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _ended, 1) == 0)
            await _agent.EndFreeze();
    }
}
