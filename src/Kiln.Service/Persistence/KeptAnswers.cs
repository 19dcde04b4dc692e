using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Persistence;

/// <summary>Forgets the answers to client tokens whose time is over: one work row, looked at by the hour.</summary>
public sealed class KeptAnswers(TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its one work row.</summary>
    public const string WorkKind = "kept-answers";

    private static readonly TimeSpan Pause = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var line = clock.GetUtcNow() - IdempotentAnswer.Lifetime;
        await db.IdempotentAnswers.Where(a => a.AnsweredAt < line).ExecuteDeleteAsync(cancel);
        return StepResult.Again(Pause);
    }
}
