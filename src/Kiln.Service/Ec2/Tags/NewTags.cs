using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Tags;

/// <summary>The tags that a call gives to what it makes, checked, by resource type.</summary>
public sealed class NewTags
{
    private readonly Dictionary<string, IReadOnlyList<Tag>> _byType;

    internal NewTags(Dictionary<string, IReadOnlyList<Tag>> byType) => _byType = byType;

    /// <summary>The tags for a type, e.g. <c>image</c>; none where nothing was asked for.</summary>
    public IReadOnlyList<Tag> For(string resourceType) => _byType.GetValueOrDefault(resourceType) ?? [];

    /// <summary>Adds the rows for one new resource; committed with it.</summary>
    public void AddTo(Db db, string resourceType, string resourceId, string accountId, string region)
    {
        foreach (var tag in For(resourceType))
            db.Add(ResourceTag.Of(tag, resourceType, resourceId, accountId, region));
    }
}
