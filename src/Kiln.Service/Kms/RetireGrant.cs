using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Iam;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Gives a grant up, by its retiring principal, its grantee or the account that gave it. KMS API
/// Reference "RetireGrant".</summary>
[Operation("kms:RetireGrant")]
public sealed class RetireGrant(Db db, KeyUse keys, Authorization authorization)
    : IOperation<RetireGrant.Request, RetireGrant.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 8192)] public string? GrantToken { get; init; }

        [Length(1, 2048)] public string? KeyId { get; init; }

        [Length(1, 128)] public string? GrantId { get; init; }

        public bool? DryRun { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var grant = await Find(request, call, cancel);
        var key = (await db.Keys.FindAsync([grant.KeyArn], cancel))!;
        if (!await MayRetire(grant, call))
            await keys.Authorize(call, key);
        key.EnsureNotPending();
        KeyUse.EndDryRun(call);
        db.Remove(grant);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }

    private async Task<Grant> Find(Request request, Call call, CancellationToken cancel)
    {
        if (request.GrantToken is { } token)
        {
            return request is { KeyId: null, GrantId: null }
                ? await db.Grants.SingleOrDefaultAsync(g => g.Token == token, cancel)
                    ?? throw KmsError.Of("InvalidGrantTokenException", "Invalid grant token")
                : throw KmsError.Of("ValidationException", "Give a grant token, or key id and grant id, not both.");
        }
        if (request is not { KeyId: { } name, GrantId: { } id })
            throw KmsError.Of("ValidationException", "Give a grant token, or key id and grant id.");
        var key = await keys.Named(call, name, cancel, aliases: false);
        return await db.Grants.SingleOrDefaultAsync(g => g.Id == id && g.KeyArn == key.Arn, cancel)
            ?? throw KmsError.Of("InvalidGrantIdException", $"Grant ID {id} not found");
    }

    private async Task<bool> MayRetire(Grant grant, Call call)
    {
        var principal = await authorization.PrincipalOf(call.Caller);
        bool Is(string? arn) => arn == principal.Arn || (arn is not null && arn == principal.SessionArn);
        return Is(grant.RetiringPrincipal) || (call.Caller.IsRoot && grant.IssuingAccount == principal.Arn)
            || (Is(grant.GranteePrincipal) && grant.Operations.Contains(nameof(GrantOperation.RetireGrant)));
    }
}
