namespace Kiln.Service.Kms;

/// <summary>The family of a multi-Region key. KMS API Reference "MultiRegionConfiguration".</summary>
public sealed record MultiRegionConfiguration
{
    public MultiRegionKeyType? MultiRegionKeyType { get; init; }

    public MultiRegionKey? PrimaryKey { get; init; }

    public IReadOnlyList<MultiRegionKey> ReplicaKeys { get; init; } = [];

    internal static MultiRegionConfiguration Of(Key key, IReadOnlyList<Key> family) => new()
    {
        MultiRegionKeyType = key.IsPrimary ? Kms.MultiRegionKeyType.Primary : Kms.MultiRegionKeyType.Replica,
        PrimaryKey = family.Where(k => k.IsPrimary).Select(MultiRegionKey.Of).SingleOrDefault(),
        ReplicaKeys = [.. family.Where(k => !k.IsPrimary).OrderBy(k => k.Region, StringComparer.Ordinal)
            .Select(MultiRegionKey.Of)],
    };
}
