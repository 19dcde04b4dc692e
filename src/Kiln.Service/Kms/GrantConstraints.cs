namespace Kiln.Service.Kms;

/// <summary>When a grant holds. KMS API Reference "GrantConstraints".</summary>
public sealed record GrantConstraints
{
    public IReadOnlyDictionary<string, string>? EncryptionContextSubset { get; init; }

    public IReadOnlyDictionary<string, string>? EncryptionContextEquals { get; init; }
}
