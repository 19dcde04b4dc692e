using System.ComponentModel.DataAnnotations;

namespace Kiln.Service.Kms;

/// <summary>A tag on a key. KMS API Reference "Tag".</summary>
public sealed record Tag
{
    [Length(1, 128)] public required string TagKey { get; init; }

    [MaxLength(256)] public required string TagValue { get; init; }

    /// <summary>The tags of a key after some more were put on it.</summary>
    /// <exception cref="Protocol.Errors.AwsException">TagException or LimitExceededException.</exception>
    internal static IReadOnlyDictionary<string, string> Add(
        IReadOnlyDictionary<string, string> tags, IReadOnlyList<Tag> more)
    {
        var all = new Dictionary<string, string>(tags);
        if (more.GroupBy(t => t.TagKey).FirstOrDefault(g => g.Count() > 1) is not null)
            throw KmsError.Of("TagException", "Duplicate tag keys");
        foreach (var tag in more)
        {
            if (tag.TagKey.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
                throw KmsError.Of("TagException", "aws: prefixed tag key names are not allowed for external use.");
            all[tag.TagKey] = tag.TagValue;
        }
        return all.Count <= Key.TagsMax ? all
            : throw KmsError.Of("LimitExceededException", $"A key may have {Key.TagsMax} tags at most");
    }
}
