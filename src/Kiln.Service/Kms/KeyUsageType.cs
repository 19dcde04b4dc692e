using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>What a key is for. Kiln has <see cref="EncryptDecrypt"/>.</summary>
public enum KeyUsageType
{
    [EnumMember(Value = "SIGN_VERIFY")] SignVerify,
    [EnumMember(Value = "ENCRYPT_DECRYPT")] EncryptDecrypt,
    [EnumMember(Value = "GENERATE_VERIFY_MAC")] GenerateVerifyMac,
    [EnumMember(Value = "KEY_AGREEMENT")] KeyAgreement,
}
