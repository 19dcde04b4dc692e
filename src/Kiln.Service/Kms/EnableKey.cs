using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Lets a disabled key work again. KMS API Reference "EnableKey".</summary>
[Operation("kms:EnableKey")]
public sealed class EnableKey(Db db, KeyUse keys) : IOperation<EnableKey.Request, EnableKey.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Own(call, request.KeyId, cancel);
        key.EnsureNotPending();
        key.State = KeyState.Enabled;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
