using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Tags;

/// <summary>Takes tags off resources. EC2 API Reference "DeleteTags".</summary>
/// <remarks>
/// A tag with a value goes only if its value is that; one without a value goes whatever it is; no tags at all means
/// every user tag. Tags that are not there are no error, nor is a resource that has gone meanwhile.
/// </remarks>
[Operation("ec2:DeleteTags")]
public sealed class DeleteTags(Db db) : IOperation<DeleteTags.Request, DeleteTags.Response>
{
    /// <summary>Resources and tags.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>Ids, of whatever kinds.</summary>
        [Wire("ResourceId", Missing = "resourceIdSet"), MaxLength(CreateTags.ResourcesMax)]
        public required IReadOnlyList<string> Resources { get; init; }

        /// <summary>The tags to take off; none for all.</summary>
        [Wire("Tag"), MaxLength(ResourceTag.UserTagsMax * 2)]
        public IReadOnlyList<Tag> Tags { get; init; } = [];
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var wanted = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var tag in request.Tags)
            wanted[Tagging.CheckKey(tag.Key)] = tag.Value;
        var ids = request.Resources.Distinct().ToList();
        await call.Authorize([.. ids.Select(id => TaggedKind.Of(id).ArnOf(call, id))]);

        var rows = await db.Tags.Where(t => t.AccountId == call.AccountId && t.Region == call.Region
            && EF.Parameter(ids).Contains(t.ResourceId)).ToListAsync(cancel);
        db.RemoveRange(rows.Where(row => !Tagging.IsReserved(row.Key) && (wanted.Count == 0
            || (wanted.TryGetValue(row.Key, out var value) && (value is null || value == row.Value)))));
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
