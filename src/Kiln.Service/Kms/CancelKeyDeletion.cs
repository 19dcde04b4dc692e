using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Keeps a key that was to be deleted; it is disabled then. KMS API Reference "CancelKeyDeletion".</summary>
[Operation("kms:CancelKeyDeletion")]
public sealed class CancelKeyDeletion(Db db, KeyUse keys)
    : IOperation<CancelKeyDeletion.Request, CancelKeyDeletion.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public string? KeyId { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Own(call, request.KeyId, cancel);
        if (key.State is not (KeyState.PendingDeletion or KeyState.PendingReplicaDeletion))
            throw KmsError.InvalidState(key.Arn, key.State);
        key.State = KeyState.Disabled;
        key.DeletionDate = null;
        key.PendingWindowInDays = null;
        await db.SaveChangesAsync(cancel);
        return new Response { KeyId = key.Arn };
    }
}
