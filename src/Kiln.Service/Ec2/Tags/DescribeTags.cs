using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Tags;

/// <summary>Lists the caller's own tags of one Region. EC2 API Reference "DescribeTags".</summary>
[Operation("ec2:DescribeTags")]
public sealed class DescribeTags(Db db, Paging paging) : IOperation<DescribeTags.Request, DescribeTags.Response>
{
    /// <summary>Filters and page.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>key, resource-id, resource-type, tag:KEY, value.</summary>
        [Wire("Filter"), MaxLength(200)]
        public IReadOnlyList<Filter> Filters { get; init; } = [];

        /// <summary>5 to 1000.</summary>
        public int? MaxResults { get; init; }

        /// <summary>The token of the page before.</summary>
        public string? NextToken { get; init; }
    }

    /// <summary>A page of tags.</summary>
    public sealed record Response
    {
        /// <summary>The token of the next page.</summary>
        public string? NextToken { get; init; }

        /// <summary>The tags.</summary>
        [Wire("tagSet")]
        public required IReadOnlyList<TagDescription> Tags { get; init; }
    }

    private static readonly FilterSet<ResourceTag> Filters = new FilterSet<ResourceTag>()
        .Text("key", t => t.Key)
        .Text("resource-id", t => t.ResourceId)
        .Text("resource-type", t => t.ResourceType)
        .Text("value", t => t.Value);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        Paging.CheckMaxResults(request.MaxResults, 5, 1000);
        await call.Authorize();
        var rows = db.Tags.AsNoTracking().Where(t => t.AccountId == call.AccountId && t.Region == call.Region);
        var plain = new List<Filter>(request.Filters.Count);
        foreach (var filter in request.Filters)
        {
            // tag:KEY is about the row itself here, not about tags of a resource.
            if (filter.Name?.StartsWith("tag:", StringComparison.Ordinal) == true && filter.Values.Count > 0)
            {
                var key = filter.Name[4..];
                rows = rows.Where(t => t.Key == key).Where(FilterSet<ResourceTag>.AnyOf(t => t.Value, filter.Values));
            }
            else
            {
                plain.Add(filter);
            }
        }
        rows = Filters.Apply(rows, plain, db, call).Rows;
        return await Page(rows, request, call, cancel);
    }

    private async Task<Response> Page(
        IQueryable<ResourceTag> rows, Request request, Call call, CancellationToken cancel)
    {
        if (request.NextToken is not null)
        {
            // A resource id holds no slash; a key may.
            var last = paging.Open(request.NextToken, call).Split('/', 2);
            var (id, key) = (last[0], last[1]);
            rows = rows.Where(t => string.Compare(t.ResourceId, id) > 0
                || (t.ResourceId == id && string.Compare(t.Key, key) > 0));
        }
        rows = rows.OrderBy(t => t.ResourceId).ThenBy(t => t.Key);
        if (request.MaxResults is { } max)
            rows = rows.Take(max + 1);
        var found = await rows.Select(t => new TagDescription
        {
            Key = t.Key,
            ResourceId = t.ResourceId,
            ResourceType = t.ResourceType,
            Value = t.Value,
        }).ToListAsync(cancel);
        if (found.Count <= (request.MaxResults ?? int.MaxValue))
            return new Response { Tags = found };
        found.RemoveAt(found.Count - 1);
        return new Response { Tags = found, NextToken = paging.Seal($"{found[^1].ResourceId}/{found[^1].Key}", call) };
    }
}
