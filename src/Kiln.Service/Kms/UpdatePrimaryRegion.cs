using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Makes a replica the primary of its family. KMS API Reference "UpdatePrimaryRegion".</summary>
[Operation("kms:UpdatePrimaryRegion")]
public sealed class UpdatePrimaryRegion(Db db, KeyUse keys)
    : IOperation<UpdatePrimaryRegion.Request, UpdatePrimaryRegion.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Length(1, 32), RegularExpression(@"([a-z]+-){2,3}\d+")] public required string PrimaryRegion { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var primary = await keys.Own(call, request.KeyId, cancel);
        if (!primary.IsPrimary)
            throw KmsError.Of("UnsupportedOperationException", $"{primary.Arn} is not a multi-Region primary key.");
        primary.EnsureUsable();
        var family = await keys.Family(primary, cancel);
        var next = family.SingleOrDefault(k => k.Region == request.PrimaryRegion && k != primary)
            ?? throw KmsError.KeyNotFound(Arn.Key(request.PrimaryRegion, primary.AccountId, primary.KeyId));
        next.EnsureUsable();
        await keys.Authorize(call, next);
        foreach (var key in family)
            key.PrimaryRegion = next.Region;
        next.Replicas = family.Count - 1;
        primary.Replicas = 0;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
