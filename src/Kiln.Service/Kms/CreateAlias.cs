using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Names a key. KMS API Reference "CreateAlias".</summary>
[Operation("kms:CreateAlias")]
public sealed class CreateAlias(Db db, KeyUse keys, TimeProvider clock)
    : IOperation<CreateAlias.Request, CreateAlias.Response>
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
        var key = await keys.Own(call, request.TargetKeyId, cancel);
        var arn = Arn.Alias(call.Region, call.AccountId, request.AliasName);
        await call.Authorize(arn);
        key.EnsureNotPending();
        if (await db.Aliases.FindAsync([call.AccountId, call.Region, request.AliasName], cancel) is not null)
            throw KmsError.Of("AlreadyExistsException", $"An alias with the name {arn} already exists");
        var others = db.Aliases.Where(a => a.Region == call.Region && a.TargetKeyId == key.KeyId);
        await db.Limit($"aliases/{key.Arn}", others, Alias.PerKeyMax, more: 1,
            () => KmsError.Of("LimitExceededException", $"A key may have {Alias.PerKeyMax} aliases at most"), cancel);
        var now = clock.GetUtcNow();
        db.Add(new Alias
        {
            AccountId = call.AccountId,
            Region = call.Region,
            Name = request.AliasName,
            TargetKeyId = key.KeyId,
            CreationDate = now,
            LastUpdatedDate = now,
        });
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
