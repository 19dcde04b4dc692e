namespace Kiln.Service.Kms;

/// <summary>One of a multi-Region key's family. KMS API Reference "MultiRegionKey".</summary>
public sealed record MultiRegionKey(string? Arn, string? Region)
{
    internal static MultiRegionKey Of(Key key) => new(key.Arn, key.Region);
}
