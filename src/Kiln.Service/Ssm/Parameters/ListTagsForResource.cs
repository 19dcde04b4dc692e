using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>Lists the tags of a parameter. Systems Manager API Reference "ListTagsForResource".</summary>
[Operation("ssm:ListTagsForResource")]
public sealed class ListTagsForResource(Db db) : IOperation<ListTagsForResource.Request, ListTagsForResource.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        public required ResourceTypeForTagging ResourceType { get; init; }

        [Length(1, 2048)] public required string ResourceId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<Tag> TagList { get; init; } = [];
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize(TaggedParameter.ArnOf(request.ResourceType, request.ResourceId, call));
        var parameter = await TaggedParameter.Find(db, request.ResourceId, call, cancel);
        return new Response
        {
            TagList =
            [
                .. parameter.Tags.OrderBy(t => t.Key, StringComparer.Ordinal)
                    .Select(t => new Tag { Key = t.Key, Value = t.Value }),
            ],
        };
    }
}
