namespace Kiln.Service.Calls;

/// <summary>
/// Lines up an account's calls that met another's change: they go on one at a time. Twenty that change one row
/// together would else lose to each other again and again, and the unluckiest to the end.
/// </summary>
public sealed class Turns : IDisposable
{
    // Accounts share a lane by chance, which costs them a wait and nothing else.
    private readonly SemaphoreSlim[] _lanes = [.. Enumerable.Range(0, 64).Select(_ => new SemaphoreSlim(1, 1))];

    /// <summary>A place in the line of an account, not taken yet.</summary>
    public Turn Of(string accountId) =>
        new(_lanes[(uint)string.GetHashCode(accountId, StringComparison.Ordinal) % (uint)_lanes.Length]);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var lane in _lanes)
            lane.Dispose();
    }

    /// <summary>One call's turn.</summary>
    public sealed class Turn(SemaphoreSlim lane) : IDisposable
    {
        private bool _taken;

        /// <summary>Waits for the turn, once; it lasts until the call ends.</summary>
        public async Task Take(CancellationToken cancel)
        {
            if (_taken)
                return;
            await lane.WaitAsync(cancel);
            _taken = true;
        }

        /// <summary>Lets the next one in.</summary>
        public void Dispose()
        {
            if (_taken)
                lane.Release();
            _taken = false;
        }
    }
}
