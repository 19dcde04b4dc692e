using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Replaces a key's policy. KMS API Reference "PutKeyPolicy".</summary>
[Operation("kms:PutKeyPolicy")]
public sealed class PutKeyPolicy(Db db, KeyUse keys) : IOperation<PutKeyPolicy.Request, PutKeyPolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Length(1, 128), RegularExpression(@"[\w]+")] public string? PolicyName { get; init; }

        [Length(1, 131072), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")]
        public required string Policy { get; init; }

        public bool? BypassPolicyLockoutSafetyCheck { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var key = await keys.Own(call, request.KeyId, cancel);
        if (request.PolicyName is not (null or Key.PolicyName))
            throw KmsError.Of("NotFoundException", "No such policy exists");
        key.EnsureNotPending();
        await keys.CheckPolicy(call, key.Arn, request.Policy, request.BypassPolicyLockoutSafetyCheck ?? false, cancel);
        key.Policy = request.Policy;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
