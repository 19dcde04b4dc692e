using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Puts tags on a parameter, or changes their values. Systems Manager API Reference "AddTagsToResource".
/// </summary>
[Operation("ssm:AddTagsToResource")]
public sealed class AddTagsToResource(Db db) : IOperation<AddTagsToResource.Request, AddTagsToResource.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        public required ResourceTypeForTagging ResourceType { get; init; }

        [Length(1, 2048)] public required string ResourceId { get; init; }

        [MaxLength(1000)] public required IReadOnlyList<Tag> Tags { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var arn = TaggedParameter.ArnOf(request.ResourceType, request.ResourceId, call);
        Tag.Tell(call.About(arn), request.Tags);
        await call.Authorize(arn);
        var parameter = await TaggedParameter.Find(db, request.ResourceId, call, cancel);
        parameter.Tags = Tag.Add(parameter.Tags, request.Tags);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
