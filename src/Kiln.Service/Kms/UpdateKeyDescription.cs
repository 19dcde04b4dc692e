using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Changes what a key says it is for. KMS API Reference "UpdateKeyDescription".</summary>
[Operation("kms:UpdateKeyDescription")]
public sealed class UpdateKeyDescription(Db db, KeyUse keys)
    : IOperation<UpdateKeyDescription.Request, UpdateKeyDescription.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [MaxLength(8192)] public required string Description { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Own(call, request.KeyId, cancel);
        key.EnsureNotPending();
        key.Description = request.Description;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
