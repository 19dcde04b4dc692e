using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Tags;

/// <summary>Puts tags on resources, or changes their values. EC2 API Reference "CreateTags".</summary>
/// <remarks>
/// A tag belongs to the account that puts it: one on somebody else's shared image is seen by its maker only. All
/// resources are tagged, or none.
/// </remarks>
[Operation("ec2:CreateTags")]
public sealed class CreateTags(Db db) : IOperation<CreateTags.Request, CreateTags.Response>
{
    /// <summary>Resources in one call: EC2's limit.</summary>
    public const int ResourcesMax = 1000;

    /// <summary>Resources and tags.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>Ids, of whatever kinds.</summary>
        [Wire("ResourceId", Missing = "resourceIdSet"), MaxLength(ResourcesMax)]
        public required IReadOnlyList<string> Resources { get; init; }

        /// <summary>Tags for each of them.</summary>
        [Wire("Tag"), MaxLength(ResourceTag.UserTagsMax * 2)]
        public required IReadOnlyList<Tag> Tags { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var tags = Tagging.Check(request.Tags);
        var ids = request.Resources.Distinct().ToList();
        var kinds = ids.ToLookup(TaggedKind.Of);
        foreach (var kind in kinds)
        {
            var asked = kind.ToList();
            var visible = await kind.Key.Visible(db, call, asked).ToListAsync(cancel);
            if (asked.Except(visible).FirstOrDefault() is { } absent)
                throw kind.Key.NotFound(absent);
        }
        string[] arns = [.. kinds.SelectMany(k => k.Select(id => k.Key.ArnOf(call, id)))];
        foreach (var arn in arns)
            Tagging.Tell(call.About(arn), tags);
        await call.Authorize(arns);
        await CheckMetadata(ids, tags, call, cancel);

        var present = await db.Tags
            .Where(t => t.AccountId == call.AccountId && EF.Parameter(ids).Contains(t.ResourceId)).ToListAsync(cancel);
        var byResource = present.ToLookup(t => t.ResourceId);
        // The same look again when the tags are saved: other calls may be tagging the same resources.
        db.Keep($"tags/{call.AccountId}", async stop => !await db.Tags
            .Where(t => t.AccountId == call.AccountId && EF.Parameter(ids).Contains(t.ResourceId)
                && !t.Key.StartsWith(Tagging.ReservedPrefix))
            .GroupBy(t => t.ResourceId).AnyAsync(g => g.Count() > ResourceTag.UserTagsMax, stop));
        foreach (var kind in kinds)
        {
            foreach (var id in kind)
                Put(byResource[id].ToDictionary(t => t.Key, StringComparer.Ordinal), tags, kind.Key.Type, id, call);
        }
        await db.SaveChangesAsync(cancel);
        return new Response();
    }

    /// <summary>An instance whose metadata shows its tags takes only keys that can be shown.</summary>
    private async Task CheckMetadata(
        List<string> ids, IReadOnlyList<Tag> tags, Call call, CancellationToken cancel)
    {
        var instances = ids.FindAll(id => id.StartsWith("i-", StringComparison.Ordinal));
        if (instances.Count == 0)
            return;
        var options = await db.Instances.AsNoTracking()
            .Where(i => i.AccountId == call.AccountId && EF.Parameter(instances).Contains(i.Id))
            .Select(i => i.MetadataOptions).ToListAsync(cancel);
        foreach (var option in options)
            MetadataOptionsRules.CheckTags(option, tags);
    }

    private void Put(
        Dictionary<string, ResourceTag> present, IReadOnlyList<Tag> tags, string type, string id, Call call)
    {
        var count = present.Keys.Count(key => !Tagging.IsReserved(key));
        foreach (var tag in tags)
        {
            if (present.TryGetValue(tag.Key!, out var row))
            {
                row.Value = tag.Value!;
                continue;
            }
            if (++count > ResourceTag.UserTagsMax)
                throw Ec2Error.TagLimitExceeded();
            db.Add(ResourceTag.Of(tag, type, id, call.AccountId, call.Region));
        }
    }
}
