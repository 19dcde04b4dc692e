namespace Kiln.Service.Persistence;

/// <summary>Lets one writer at a time through to a database that has one writer (SQLite); open for others.</summary>
public sealed class WriteGate(bool single) : IDisposable
{
    private readonly SemaphoreSlim? _gate = single ? new SemaphoreSlim(1, 1) : null;

    /// <summary>Waits for the turn.</summary>
    public Task EnterAsync(CancellationToken cancel) => _gate?.WaitAsync(cancel) ?? Task.CompletedTask;

    /// <summary>Passes the turn on.</summary>
    public void Leave() => _gate?.Release();

    /// <inheritdoc/>
    public void Dispose() => _gate?.Dispose();
}
