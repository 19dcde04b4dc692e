using System.ComponentModel.DataAnnotations;

namespace Kiln.Service.Iam;

/// <summary>A tag on a role, user or instance profile. IAM API Reference "Tag".</summary>
public sealed record Tag
{
    [Length(1, 128), RegularExpression(@"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")] public required string Key { get; init; }

    [MaxLength(256), RegularExpression(@"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")] public required string Value { get; init; }

    /// <summary>The tags of a new resource.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidInput: a key twice, or one of AWS's.</exception>
    internal static IReadOnlyDictionary<string, string> Read(IReadOnlyList<Tag> tags)
    {
        var all = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (var tag in tags)
        {
            if (tag.Key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase) || !all.TryAdd(tag.Key, tag.Value))
            {
                throw new Protocol.Errors.AwsException("InvalidInput", 400,
                    "Duplicate tag keys found, or a key that begins with aws:. Please note that Tag keys are case " +
                    "insensitive.");
            }
        }
        return all;
    }

    internal static IReadOnlyList<Tag> Write(IReadOnlyDictionary<string, string> tags) =>
        [.. tags.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => new Tag { Key = t.Key, Value = t.Value })];
}
