using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>What a key is made of. Kiln has <see cref="SymmetricDefault"/>; the others are refused by name.</summary>
public enum KeySpec
{
    [EnumMember(Value = "RSA_2048")] Rsa2048,
    [EnumMember(Value = "RSA_3072")] Rsa3072,
    [EnumMember(Value = "RSA_4096")] Rsa4096,
    [EnumMember(Value = "ECC_NIST_P256")] EccNistP256,
    [EnumMember(Value = "ECC_NIST_P384")] EccNistP384,
    [EnumMember(Value = "ECC_NIST_P521")] EccNistP521,
    [EnumMember(Value = "ECC_SECG_P256K1")] EccSecgP256k1,
    [EnumMember(Value = "SYMMETRIC_DEFAULT")] SymmetricDefault,
    [EnumMember(Value = "HMAC_224")] Hmac224,
    [EnumMember(Value = "HMAC_256")] Hmac256,
    [EnumMember(Value = "HMAC_384")] Hmac384,
    [EnumMember(Value = "HMAC_512")] Hmac512,
    [EnumMember(Value = "SM2")] Sm2,
    [EnumMember(Value = "ML_DSA_44")] MlDsa44,
    [EnumMember(Value = "ML_DSA_65")] MlDsa65,
    [EnumMember(Value = "ML_DSA_87")] MlDsa87,
    [EnumMember(Value = "ECC_NIST_EDWARDS25519")] EccNistEdwards25519,
}
