using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Takes a name from a key. KMS API Reference "DeleteAlias".</summary>
[Operation("kms:DeleteAlias")]
public sealed class DeleteAlias(Db db, KeyUse keys) : IOperation<DeleteAlias.Request, DeleteAlias.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 256), RegularExpression(@"[a-zA-Z0-9:/_-]+")] public required string AliasName { get; init; }
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
        await keys.Own(call, alias.TargetKeyId, cancel);
        await call.Authorize(arn);
        db.Remove(alias);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
