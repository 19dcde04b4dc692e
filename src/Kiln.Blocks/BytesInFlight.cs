namespace Kiln.Blocks;

/// <summary>The memory that uploads, copies and request bodies of one process may take together.</summary>
/// <remarks>
/// First come, first served: who asks for much is not overtaken for ever by who asks for little. Work that goes on for
/// hours takes it in turns (<see cref="RunAsync"/>), and holds neither a thread nor a byte between two of them.
/// Thread-safe.
/// </remarks>
/// <param name="bound">Bytes in flight at most.</param>
/// <param name="wall">The wall clock.</param>
public sealed class BytesInFlight(long bound, TimeProvider wall)
{
    /// <summary>The bound where nobody names one.</summary>
    public const long DefaultBound = 64L << 20;

    /// <summary>What a worker of an upload or copy holds: a block, and a codec with room to pack it.</summary>
    public const long WorkerBytes = 2L << 20;

    private readonly Lock gate = new();
    private readonly LinkedList<Claim> waiting = new();
    private long taken;
    private long peak;

    /// <summary>Bytes in flight at most.</summary>
    public long Bound => bound;

    /// <summary>Bytes in flight now.</summary>
    public long Taken
    {
        get
        {
            lock (gate) return taken;
        }
    }

    /// <summary>The most that ever were.</summary>
    public long Peak
    {
        get
        {
            lock (gate) return peak;
        }
    }

    /// <summary>How many wait for their share.</summary>
    public int Waiting
    {
        get
        {
            lock (gate) return waiting.Count;
        }
    }

    /// <summary>Waits for a share; dispose it to give the bytes back.</summary>
    /// <exception cref="ArgumentOutOfRangeException">More than the bound, which would wait for ever.</exception>
    public async Task<IDisposable> EnterAsync(long bytes, CancellationToken cancel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, bound);
        var claim = new Claim(this, bytes);
        lock (gate)
        {
            waiting.AddLast(claim);
            Admit();
        }

        await using var giveUp = cancel.Register(() => Withdraw(claim, cancel)).ConfigureAwait(false);
        await claim.Admitted.Task.ConfigureAwait(false);
        return claim;
    }

    /// <summary>How many workers a transfer may have: as many as wanted, and at most what half the bound
    /// holds.</summary>
    internal int Workers(int wanted) => (int)Math.Clamp(bound / 2 / WorkerBytes, 1, wanted);

    /// <summary>Runs on a thread of its own, with a share for its workers, until the body says that it is
    /// done.</summary>
    /// <param name="workers">Of <see cref="Workers"/>.</param>
    /// <param name="body">Works until it is done (true), or its turn is over (false) and it is to be called
    /// again.</param>
    /// <param name="cancel">Gives up waiting; the body sees to itself.</param>
    internal async Task RunAsync(int workers, Func<Turn, bool> body, CancellationToken cancel)
    {
        for (var done = false; !done;)
        {
            using var share = await EnterAsync(Math.Min(workers * WorkerBytes, bound), cancel)
                .ConfigureAwait(false);
            var turn = new Turn(this, wall);
            done = await Task.Factory.StartNew(
                () => body(turn), cancel, TaskCreationOptions.LongRunning | TaskCreationOptions.DenyChildAttach,
                TaskScheduler.Default).ConfigureAwait(false);
        }
    }

    private void Admit()
    {
        while (waiting.First is { } first && taken + first.Value.Bytes <= bound)
        {
            waiting.RemoveFirst();
            taken += first.Value.Bytes;
            peak = Math.Max(peak, taken);
            first.Value.Admitted.SetResult();
        }
    }

    private void Withdraw(Claim claim, CancellationToken cancel)
    {
        lock (gate)
        {
            if (!waiting.Remove(claim)) return;
            claim.Admitted.SetCanceled(cancel);

            // Who came after it may fit where it did not.
            Admit();
        }
    }

    private void Leave(long bytes)
    {
        lock (gate)
        {
            taken -= bytes;
            Admit();
        }
    }

    /// <summary>A while of work, over when it has been long enough and somebody else waits.</summary>
    internal sealed class Turn(BytesInFlight all, TimeProvider wall)
    {
        // Long enough that taking turns costs nothing, short enough that a small snapshot is not kept waiting.
        private static readonly TimeSpan Least = TimeSpan.FromMilliseconds(500);

        private readonly long began = wall.GetTimestamp();

        internal bool IsOver => all.Waiting > 0 && wall.GetElapsedTime(began) >= Least;
    }

    private sealed class Claim(BytesInFlight all, long bytes) : IDisposable
    {
        private int left;

        internal long Bytes => bytes;

        // Whoever is admitted must not run on the thread, and under the lock, of who has left.
        internal TaskCompletionSource Admitted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Dispose()
        {
            if (Interlocked.Exchange(ref left, 1) == 0) all.Leave(bytes);
        }
    }
}
