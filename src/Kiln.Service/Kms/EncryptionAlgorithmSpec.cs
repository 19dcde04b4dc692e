using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>How a key encrypts. Kiln has <see cref="SymmetricDefault"/>.</summary>
public enum EncryptionAlgorithmSpec
{
    [EnumMember(Value = "SYMMETRIC_DEFAULT")] SymmetricDefault,
    [EnumMember(Value = "RSAES_OAEP_SHA_1")] RsaesOaepSha1,
    [EnumMember(Value = "RSAES_OAEP_SHA_256")] RsaesOaepSha256,
    [EnumMember(Value = "SM2PKE")] Sm2pke,
}
