namespace Kiln.Service.Work;

/// <summary>Tells this process's worker that work rows were committed, so that it need not wait for its next
/// poll.</summary>
public sealed class WorkSignal
{
    private TaskCompletionSource _next = New();

    /// <summary>Completes at the next <see cref="Notify"/> after this property was read.</summary>
    public Task Next => Volatile.Read(ref _next).Task;

    /// <summary>Wakes whoever waits.</summary>
    public void Notify() => Interlocked.Exchange(ref _next, New()).TrySetResult();

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
