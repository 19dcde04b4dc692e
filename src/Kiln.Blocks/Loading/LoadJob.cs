namespace Kiln.Blocks.Loading;

/// <summary>One volume's loading: a step that is called again until it has nothing left to do.</summary>
/// <param name="kind">How urgent it is.</param>
/// <param name="step">Loads a bounded piece; answers after what pause it wants the next, or null at its end. Called by
/// one thread at a time.</param>
/// <param name="cancel">Ends it before its next step.</param>
internal sealed class LoadJob(LoadKind kind, Func<CancellationToken, TimeSpan?> step, CancellationToken cancel)
{
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal LoadKind Kind => kind;

    /// <summary>Completes with its end, is cancelled, or fails as its step did.</summary>
    internal Task Completion => done.Task;

    // The rest is the loader's own, under its lock.
    internal TimeSpan DueAt { get; set; }

    internal long Turn { get; set; }

    internal bool IsRunning { get; set; }

    /// <summary>Runs a step.</summary>
    /// <returns>The pause before the next; null when the job has ended, one way or the other.</returns>
    internal TimeSpan? Step()
    {
        if (cancel.IsCancellationRequested)
        {
            done.TrySetCanceled(cancel);
            return null;
        }

        try
        {
            if (step(cancel) is { } pause) return pause;
            done.TrySetResult();
        }
        catch (OperationCanceledException e)
        {
            done.TrySetCanceled(e.CancellationToken);
        }
        catch (Exception e)
        {
            done.TrySetException(e);
        }

        return null;
    }

    internal void Abandon() => done.TrySetCanceled(CancellationToken.None);
}
