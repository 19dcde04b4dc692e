using Kiln.Service.Persistence;
using Kiln.Service.Work;

namespace Kiln.Service.Sts;

/// <summary>Removes temporary access keys some time after their end.</summary>
public sealed class SessionReconciler(TimeProvider clock) : IReconciler
{
    /// <summary>The kind of its work rows, whose resource is the access key id.</summary>
    public const string WorkKind = "session";

    /// <inheritdoc/>
    public string Kind => WorkKind;

    /// <inheritdoc/>
    public async Task<StepResult> Step(string resourceId, Db db, CancellationToken cancel)
    {
        var key = await db.AccessKeys.FindAsync([resourceId], cancel);
        if (key is not { ExpiresAt: { } end })
            return StepResult.Done;
        var left = end + Sessions.KeptFor - clock.GetUtcNow();
        if (left > TimeSpan.Zero)
            return StepResult.Again(left);
        db.Remove(key);
        return StepResult.Done;
    }
}
