namespace Kiln.Service.Kms;

/// <summary>A key as the API shows it. KMS API Reference "KeyMetadata".</summary>
public sealed record KeyMetadata
{
    public string? AWSAccountId { get; init; }

    public required string KeyId { get; init; }

    public string? Arn { get; init; }

    public DateTimeOffset? CreationDate { get; init; }

    public bool? Enabled { get; init; }

    public string? Description { get; init; }

    public KeyUsageType? KeyUsage { get; init; }

    public KeyState? KeyState { get; init; }

    public DateTimeOffset? DeletionDate { get; init; }

    public OriginType? Origin { get; init; }

    public KeyManagerType? KeyManager { get; init; }

    public CustomerMasterKeySpec? CustomerMasterKeySpec { get; init; }

    public KeySpec? KeySpec { get; init; }

    public IReadOnlyList<EncryptionAlgorithmSpec> EncryptionAlgorithms { get; init; } = [];

    public bool? MultiRegion { get; init; }

    public MultiRegionConfiguration? MultiRegionConfiguration { get; init; }

    public int? PendingDeletionWindowInDays { get; init; }

    /// <summary>Describes a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="family">All rows of a multi-Region key, itself among them; empty for others.</param>
    public static KeyMetadata Of(Key key, IReadOnlyList<Key> family) => new()
    {
        AWSAccountId = key.AccountId,
        KeyId = key.KeyId,
        Arn = key.Arn,
        CreationDate = key.CreationDate,
        Enabled = key.State == Kms.KeyState.Enabled,
        Description = key.Description,
        KeyUsage = KeyUsageType.EncryptDecrypt,
        KeyState = key.State,
        DeletionDate = key.DeletionDate,
        Origin = OriginType.AwsKms,
        KeyManager = key.AwsManaged ? KeyManagerType.Aws : KeyManagerType.Customer,
        CustomerMasterKeySpec = Kms.CustomerMasterKeySpec.SymmetricDefault,
        KeySpec = Kms.KeySpec.SymmetricDefault,
        EncryptionAlgorithms = [EncryptionAlgorithmSpec.SymmetricDefault],
        MultiRegion = key.MultiRegion,
        MultiRegionConfiguration = key.MultiRegion ? MultiRegionConfiguration.Of(key, family) : null,
        PendingDeletionWindowInDays = key.State == Kms.KeyState.PendingReplicaDeletion ? key.PendingWindowInDays : null,
    };
}
