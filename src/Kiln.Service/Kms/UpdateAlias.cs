using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Points an alias at another key. KMS API Reference "UpdateAlias".</summary>
[Operation("kms:UpdateAlias")]
public sealed class UpdateAlias(Db db, KeyUse keys, TimeProvider clock)
    : IOperation<UpdateAlias.Request, UpdateAlias.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 256), RegularExpression(@"[a-zA-Z0-9:/_-]+")] public required string AliasName { get; init; }

        [Length(1, 2048)] public required string TargetKeyId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Alias.CheckName(request.AliasName);
        var arn = Arn.Alias(call.Region, call.AccountId, request.AliasName);
        var alias = await db.Aliases.FindAsync([call.AccountId, call.Region, request.AliasName], cancel)
            ?? throw KmsError.AliasNotFound(arn);
        var key = await keys.Own(call, request.TargetKeyId, cancel);
        await call.Authorize(arn);
        key.EnsureNotPending();
        alias.TargetKeyId = key.KeyId;
        alias.LastUpdatedDate = clock.GetUtcNow();
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
