using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Kms;

/// <summary>Lists the tags of a key. KMS API Reference "ListResourceTags".</summary>
[Operation("kms:ListResourceTags")]
public sealed class ListResourceTags(KeyUse keys) : IOperation<ListResourceTags.Request, ListResourceTags.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 2048)] public required string KeyId { get; init; }

        [Range(1, 1000)] public int? Limit { get; init; }

        [Length(1, 1024)] public string? Marker { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<Tag> Tags { get; init; } = [];

        public string? NextMarker { get; init; }

        public bool? Truncated { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        // A key has 50 tags at most, and 50 is the default page: the marker is the last key of the page before.
        var key = await keys.Own(call, request.KeyId, cancel);
        var rest = key.Tags.OrderBy(t => t.Key, StringComparer.Ordinal)
            .Where(t => request.Marker is null || string.CompareOrdinal(t.Key, request.Marker) > 0).ToList();
        var page = rest.Take(request.Limit ?? Markers.OthersDefault).ToList();
        var more = page.Count < rest.Count;
        return new Response
        {
            Tags = [.. page.Select(t => new Tag { TagKey = t.Key, TagValue = t.Value })],
            NextMarker = more ? page[^1].Key : null,
            Truncated = more,
        };
    }
}
