using Kiln.Service.Calls;
using Kiln.Service.Iam.Policies;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Tags;

/// <summary>The rules for tags: what a call may set, and how tags of resources are read and forgotten.</summary>
/// <remarks>EC2 User Guide "Tag your Amazon EC2 resources", "Tag restrictions".</remarks>
public static class Tagging
{
    /// <summary>The longest key, in characters.</summary>
    public const int KeyLengthMax = 128;

    /// <summary>The longest value, in characters.</summary>
    public const int ValueLengthMax = 256;

    /// <summary>The prefix of keys that only AWS's own services set.</summary>
    public const string ReservedPrefix = "aws:";

    /// <summary>Checks the tag specifications of an operation that makes resources, and tells policies of
    /// them.</summary>
    /// <param name="call">The call, not authorised yet.</param>
    /// <param name="specifications">The request's.</param>
    /// <param name="allowed">The types that the operation makes, e.g. <c>image</c> and <c>snapshot</c>.</param>
    /// <returns>The tags to give; see <see cref="NewTags.AddTo"/>.</returns>
    /// <exception cref="Protocol.Errors.AwsException">InvalidParameterValue, TagLimitExceeded.</exception>
    public static NewTags Read(
        Call call, IReadOnlyList<TagSpecification> specifications, params IReadOnlyList<string> allowed)
    {
        var tags = new Dictionary<string, IReadOnlyList<Tag>>(StringComparer.Ordinal);
        foreach (var specification in specifications)
        {
            var type = specification.ResourceType ?? throw Ec2Error.TagTypeMissing();
            if (!allowed.Contains(type))
                throw Ec2Error.TagTypeNotAllowed(Ec2Error.Short(type));
            if (!tags.TryAdd(type, Check(specification.Tags)))
                throw Ec2Error.TagTypeDuplicate(type);
            if (tags[type].Count > 0)
                Tell(call.WillTag(TaggedKind.Any(call, type)), tags[type]);
        }
        return new NewTags(tags);
    }

    /// <summary>Lets policies of a resource see the tags that it is to have.</summary>
    public static void Tell(PolicyContext context, IReadOnlyList<Tag> tags)
    {
        context.Set("aws:TagKeys", [.. tags.Select(t => t.Key!)]);
        foreach (var tag in tags)
            context.Set($"aws:RequestTag/{tag.Key}", tag.Value!);
    }

    /// <summary>Checks tags as a caller gives them; an absent value is the empty text.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidParameterValue, TagLimitExceeded.</exception>
    public static IReadOnlyList<Tag> Check(IReadOnlyList<Tag> tags)
    {
        if (tags.Count > ResourceTag.UserTagsMax)
            throw Ec2Error.TagLimitExceeded();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var checkedTags = new Tag[tags.Count];
        for (var i = 0; i < tags.Count; i++)
        {
            var key = CheckKey(tags[i].Key);
            var value = tags[i].Value ?? "";
            if (value.Length > ValueLengthMax)
                throw Ec2Error.TagValueTooLong(key);
            if (!seen.Add(key))
                throw Ec2Error.TagKeyDuplicate(key);
            checkedTags[i] = new Tag { Key = key, Value = value };
        }
        return checkedTags;
    }

    /// <summary>Checks one key.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidParameterValue.</exception>
    public static string CheckKey(string? key)
    {
        if (string.IsNullOrEmpty(key))
            throw Ec2Error.TagKeyEmpty();
        if (key.Length > KeyLengthMax)
            throw Ec2Error.TagKeyTooLong(key);
        return IsReserved(key) ? throw Ec2Error.TagKeyReserved() : key;
    }

    /// <summary>Whether a key is one that only AWS's own services set.</summary>
    public static bool IsReserved(string key) => key.StartsWith(ReservedPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The caller's own tags of a page of resources, by resource id, in one query; none for one without.
    /// </summary>
    public static async Task<IReadOnlyDictionary<string, IReadOnlyList<Tag>>> Of(
        Db db, string accountId, IReadOnlyList<string> resourceIds, CancellationToken cancel)
    {
        var found = new Dictionary<string, IReadOnlyList<Tag>>(resourceIds.Count, StringComparer.Ordinal);
        if (resourceIds.Count == 0)
            return found;
        var rows = db.Tags.AsNoTracking().Where(t => t.AccountId == accountId);
        if (resourceIds.Count == 1)
        {
            var only = resourceIds[0];
            rows = rows.Where(t => t.ResourceId == only);
        }
        else
        {
            // One parameter for the whole list: the statement stays the same for every page, and both databases
            // look each id up in the primary key.
            rows = rows.Where(t => EF.Parameter(resourceIds).Contains(t.ResourceId));
        }
        await foreach (var row in rows.Select(t => new { t.ResourceId, t.Key, t.Value })
            .AsAsyncEnumerable().WithCancellation(cancel))
        {
            if (!found.TryGetValue(row.ResourceId, out var list))
                found.Add(row.ResourceId, list = new List<Tag>(4));
            ((List<Tag>)list).Add(new Tag { Key = row.Key, Value = row.Value });
        }
        return found;
    }

    /// <summary>The tags of one resource out of a page's, or none.</summary>
    public static IReadOnlyList<Tag> Of(this IReadOnlyDictionary<string, IReadOnlyList<Tag>> page, string resourceId) =>
        page.GetValueOrDefault(resourceId) ?? [];

    /// <summary>Removes everybody's tags of a resource that goes; committed with it.</summary>
    public static async Task Forget(Db db, string resourceId, CancellationToken cancel) =>
        db.RemoveRange(await db.Tags.Where(t => t.ResourceId == resourceId).ToListAsync(cancel));
}
