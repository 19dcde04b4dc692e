using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>The length of a data key.</summary>
public enum DataKeySpec
{
    [EnumMember(Value = "AES_256")] Aes256,
    [EnumMember(Value = "AES_128")] Aes128,
}
