using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Marks a key for deletion after a waiting period. KMS API Reference "ScheduleKeyDeletion".</summary>
[Operation("kms:ScheduleKeyDeletion")]
public sealed class ScheduleKeyDeletion(Db db, KeyUse keys, TimeProvider clock)
    : IOperation<ScheduleKeyDeletion.Request, ScheduleKeyDeletion.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Range(7, 30)] public int? PendingWindowInDays { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public string? KeyId { get; init; }

        public DateTimeOffset? DeletionDate { get; init; }

        public KeyState? KeyState { get; init; }

        public int? PendingWindowInDays { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Own(call, request.KeyId, cancel);
        key.EnsureNotPending();
        key.PendingWindowInDays = request.PendingWindowInDays ?? WindowDefault;
        if (key.Replicas > 0)
        {
            // The period begins when KeyReconciler has deleted the last replica.
            key.State = Kms.KeyState.PendingReplicaDeletion;
        }
        else
        {
            key.State = Kms.KeyState.PendingDeletion;
            key.DeletionDate = clock.GetUtcNow().AddDays(key.PendingWindowInDays.Value);
            await Work.Work.Want(db, KeyReconciler.WorkKind, key.Arn, key.DeletionDate.Value, cancel);
        }
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            KeyId = key.Arn,
            DeletionDate = key.DeletionDate,
            KeyState = key.State,
            PendingWindowInDays = key.PendingWindowInDays,
        };
    }

    /// <summary>Days where none are given.</summary>
    private const int WindowDefault = 30;
}
