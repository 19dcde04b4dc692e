using System.ComponentModel.DataAnnotations;
using Kiln.Service.Iam.Policies;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>A tag on a parameter. Systems Manager API Reference "Tag".</summary>
public sealed record Tag
{
    /// <summary>Tags of a parameter. AWS's quota.</summary>
    public const int PerParameterMax = 50;

    [Length(1, 128), RegularExpression(@"[\p{L}\p{Z}\p{N}_.:/=+\-@]+")] public required string Key { get; init; }

    [MaxLength(256), RegularExpression(@"[\p{L}\p{Z}\p{N}_.:/=+\-@]*")] public required string Value { get; init; }

    /// <summary>The tags of a parameter after some more were put on it.</summary>
    /// <exception cref="Protocol.Errors.AwsException">ValidationException, TooManyTagsError.</exception>
    internal static IReadOnlyDictionary<string, string> Add(
        IReadOnlyDictionary<string, string> tags, IReadOnlyList<Tag> more)
    {
        var all = new Dictionary<string, string>(tags, StringComparer.Ordinal);
        if (more.GroupBy(t => t.Key).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw SsmError.Validation($"The tag key {twice.Key} is given more than once.");
        foreach (var tag in more)
        {
            if (tag.Key.StartsWith("aws:", StringComparison.OrdinalIgnoreCase))
                throw SsmError.Validation("aws: prefixed tag key names are not allowed for external use.");
            all[tag.Key] = tag.Value;
        }
        return all.Count <= PerParameterMax ? all : throw SsmError.Of(
            "TooManyTagsError", $"A parameter may have {PerParameterMax} tags at most.");
    }

    /// <summary>Lets policies see tags that are to be put.</summary>
    internal static void Tell(PolicyContext context, IReadOnlyList<Tag> tags)
    {
        context.Set("aws:TagKeys", [.. tags.Select(t => t.Key)]);
        foreach (var tag in tags)
            context.Set($"aws:RequestTag/{tag.Key}", tag.Value);
    }
}
