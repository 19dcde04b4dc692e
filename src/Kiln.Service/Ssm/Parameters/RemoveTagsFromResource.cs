using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Takes tags off a parameter. Systems Manager API Reference "RemoveTagsFromResource".</summary>
[Operation("ssm:RemoveTagsFromResource")]
public sealed class RemoveTagsFromResource(Db db)
    : IOperation<RemoveTagsFromResource.Request, RemoveTagsFromResource.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        public required ResourceTypeForTagging ResourceType { get; init; }

        [Length(1, 2048)] public required string ResourceId { get; init; }

        [MaxLength(1000)] public required IReadOnlyList<string> TagKeys { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var arn = TaggedParameter.ArnOf(request.ResourceType, request.ResourceId, call);
        call.About(arn).Set("aws:TagKeys", request.TagKeys);
        await call.Authorize(arn);
        var parameter = await TaggedParameter.Find(db, request.ResourceId, call, cancel);
        parameter.Tags = parameter.Tags.Where(t => !request.TagKeys.Contains(t.Key)).ToDictionary();
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
