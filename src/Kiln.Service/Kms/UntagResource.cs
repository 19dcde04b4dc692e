using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Takes tags off a key. KMS API Reference "UntagResource".</summary>
[Operation("kms:UntagResource")]
public sealed class UntagResource(Db db, KeyUse keys) : IOperation<UntagResource.Request, UntagResource.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [MaxLength(200)] public required IReadOnlyList<string> TagKeys { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        call.Context.Set("aws:TagKeys", request.TagKeys);
        var key = await keys.Own(call, request.KeyId, cancel);
        key.EnsureNotPending();
        key.Tags = key.Tags.Where(t => !request.TagKeys.Contains(t.Key)).ToDictionary();
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
