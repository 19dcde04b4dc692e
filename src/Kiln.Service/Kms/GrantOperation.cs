using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>What a grant may allow.</summary>
public enum GrantOperation
{
    [EnumMember(Value = "Decrypt")] Decrypt,
    [EnumMember(Value = "Encrypt")] Encrypt,
    [EnumMember(Value = "GenerateDataKey")] GenerateDataKey,
    [EnumMember(Value = "GenerateDataKeyWithoutPlaintext")] GenerateDataKeyWithoutPlaintext,
    [EnumMember(Value = "ReEncryptFrom")] ReEncryptFrom,
    [EnumMember(Value = "ReEncryptTo")] ReEncryptTo,
    [EnumMember(Value = "Sign")] Sign,
    [EnumMember(Value = "Verify")] Verify,
    [EnumMember(Value = "GetPublicKey")] GetPublicKey,
    [EnumMember(Value = "CreateGrant")] CreateGrant,
    [EnumMember(Value = "RetireGrant")] RetireGrant,
    [EnumMember(Value = "DescribeKey")] DescribeKey,
    [EnumMember(Value = "GenerateDataKeyPair")] GenerateDataKeyPair,
    [EnumMember(Value = "GenerateDataKeyPairWithoutPlaintext")] GenerateDataKeyPairWithoutPlaintext,
    [EnumMember(Value = "GenerateMac")] GenerateMac,
    [EnumMember(Value = "VerifyMac")] VerifyMac,
    [EnumMember(Value = "DeriveSharedSecret")] DeriveSharedSecret,
}
