using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Simulation.Rows;

/// <summary>A step that has read its rows and waits there until it is told to go on, however late.</summary>
internal sealed class StoppedStep(string node, Service.Work.Work work, bool fails, bool isLong)
    : IReconciler, IDisposable
{
    private readonly TaskCompletionSource stopped = new();
    private readonly TaskCompletionSource goOn = new();

    public string Kind => RowWorld.WorkKind;

    internal string Node => node;

    internal Service.Work.Work Work => work;

    internal bool Fails { get; set; } = fails;

    /// <summary>Cancelled when the node hears that its lease is another's.</summary>
    internal CancellationTokenSource Lost { get; } = new();

    internal Task Running { get; set; } = Task.CompletedTask;

    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var row = await db.Settings.SingleAsync(s => s.Name == resourceId, CancellationToken.None);
        var (state, count, _) = RowWorld.Parse(row.Value);
        stopped.SetResult();
        await goOn.Task;
        cancel.ThrowIfCancellationRequested();
        if (Fails) throw new IOException("The disk answered with an error.");
        if (state == "done") return StepResult.Done;

        // A long one needs a second look; both are one commit each.
        row.Value = RowWorld.Format(isLong ? "pending" : "done", count + 1, work.Fence);
        return isLong ? StepResult.Again(TimeSpan.Zero) : StepResult.Done;
    }

    internal Task HasStopped(Task running) => Task.WhenAny(stopped.Task, running);

    internal void GoOn() => goOn.SetResult();

    public void Dispose() => Lost.Dispose();
}
