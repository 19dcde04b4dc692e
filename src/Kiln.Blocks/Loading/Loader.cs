namespace Kiln.Blocks.Loading;

/// <summary>Loads what nobody has asked for yet: boot traces before hydration, on a few threads of its own, with less
/// claim to the processor and the disk than everything else in the process.</summary>
/// <remarks>Jobs of one kind take turns. Threads exist only while there are jobs. Thread-safe.</remarks>
internal sealed class Loader(TimeProvider clock) : IDisposable
{
    // One unpacks while the other waits for the disk; more would only take cores from guests.
    internal const int ThreadsMax = 2;

    private readonly Lock gate = new();
    private readonly List<LoadJob> jobs = [];
    private readonly AutoResetEvent changed = new(false);
    private readonly long start = clock.GetTimestamp();
    private int threads;
    private long turns;
    private bool disposed;

    /// <summary>Jobs that have not ended.</summary>
    internal int Count
    {
        get
        {
            lock (gate) return jobs.Count;
        }
    }

    /// <summary>Those of one kind.</summary>
    internal int CountOf(LoadKind kind)
    {
        lock (gate) return jobs.Count(j => j.Kind == kind);
    }

    /// <summary>Takes up a job.</summary>
    internal LoadJob Start(LoadKind kind, Func<CancellationToken, TimeSpan?> step, CancellationToken cancel)
    {
        var job = new LoadJob(kind, step, cancel);
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            jobs.Add(job);
            if (threads < ThreadsMax && threads < jobs.Count)
            {
                threads++;
                new Thread(Work) { IsBackground = true, Name = "kiln-load" }.Start();
            }
        }

        changed.Set();

        // What waits for its rate hears at once that it is not wanted any more.
        cancel.Register(() => Wake(job));
        return job;
    }

    /// <summary>Lets steps under way end and drops the rest; loading goes on where it was when it is asked for
    /// again.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (disposed) return;
            disposed = true;
        }

        changed.Set();
        while (true)
        {
            lock (gate)
            {
                if (threads == 0) break;
            }

            changed.Set();
            Thread.Yield();
        }

        foreach (var job in jobs) job.Abandon();
        jobs.Clear();
        changed.Dispose();
    }

    private void Wake(LoadJob job)
    {
        lock (gate)
        {
            if (disposed) return;
            job.DueAt = TimeSpan.Zero;
            changed.Set();
        }
    }

    private void Work()
    {
        ThreadClaim.Lower();
        while (true)
        {
            LoadJob? job;
            TimeSpan wait;
            lock (gate)
            {
                if (disposed || jobs.TrueForAll(j => j.IsRunning))
                {
                    threads--;
                    return;
                }

                (job, wait) = Next(clock.GetElapsedTime(start));
                if (job is not null) job.IsRunning = true;
            }

            if (job is null) changed.WaitOne(wait);
            else Run(job);
        }
    }

    private void Run(LoadJob job)
    {
        var pause = job.Step();
        lock (gate)
        {
            job.IsRunning = false;
            job.Turn = ++turns;
            if (pause is { } time) job.DueAt = clock.GetElapsedTime(start) + time;
            else jobs.Remove(job);
        }
    }

    // The most urgent that is due; of several, the one that has waited longest for its turn.
    private (LoadJob? Job, TimeSpan Wait) Next(TimeSpan now)
    {
        LoadJob? best = null;
        var wait = TimeSpan.FromSeconds(1);
        foreach (var job in jobs)
        {
            if (job.IsRunning) continue;
            if (job.DueAt > now)
            {
                if (job.DueAt - now < wait) wait = job.DueAt - now;
            }
            else if (best is null || (job.Kind, job.Turn).CompareTo((best.Kind, best.Turn)) < 0)
            {
                best = job;
            }
        }

        return (best, wait);
    }
}
