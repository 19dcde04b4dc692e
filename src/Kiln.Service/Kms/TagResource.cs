using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Kms;

/// <summary>Puts tags on a key. KMS API Reference "TagResource".</summary>
[Operation("kms:TagResource")]
public sealed class TagResource(Db db, KeyUse keys) : IOperation<TagResource.Request, TagResource.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [MaxLength(200)] public required IReadOnlyList<Tag> Tags { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        foreach (var tag in request.Tags)
            call.Context.Set($"aws:RequestTag/{tag.TagKey}", tag.TagValue);
        call.Context.Set("aws:TagKeys", [.. request.Tags.Select(t => t.TagKey)]);
        var key = await keys.Own(call, request.KeyId, cancel);
        key.EnsureNotPending();
        key.Tags = Tag.Add(key.Tags, request.Tags);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
