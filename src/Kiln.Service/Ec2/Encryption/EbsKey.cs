namespace Kiln.Service.Ec2.Encryption;

/// <summary>The key that was chosen for a new volume or snapshot.</summary>
/// <param name="KmsKeyArn">The KMS key; null where the blocks stay clear.</param>
/// <param name="DataKeyId">The data key; null where they stay clear, or with a problem.</param>
/// <param name="Problem">Why the key cannot be used. AWS finds that out after it has answered: what is made gets an
/// id, and then fails with this text.</param>
public sealed record EbsKey(string? KmsKeyArn, string? DataKeyId, string? Problem)
{
    /// <summary>No encryption.</summary>
    public static EbsKey Clear { get; } = new(null, null, null);

    /// <summary>Whether what is made is encrypted.</summary>
    public bool Encrypted => KmsKeyArn is not null;
}
