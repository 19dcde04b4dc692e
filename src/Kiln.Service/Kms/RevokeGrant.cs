using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Takes a grant back: at once. KMS API Reference "RevokeGrant".</summary>
[Operation("kms:RevokeGrant")]
public sealed class RevokeGrant(Db db, KeyUse keys) : IOperation<RevokeGrant.Request, RevokeGrant.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Length(1, 128)] public required string GrantId { get; init; }

        public bool? DryRun { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Named(call, request.KeyId, cancel, aliases: false);
        await keys.Authorize(call, key);
        var grant = await db.Grants.FindAsync([request.GrantId], cancel);
        if (grant is null || grant.KeyArn != key.Arn)
            throw KmsError.Of("InvalidGrantIdException", $"Grant ID {request.GrantId} not found");
        KeyUse.EndDryRun(call);
        db.Remove(grant);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
