using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>Who manages a key.</summary>
public enum KeyManagerType
{
    [EnumMember(Value = "AWS")] Aws,
    [EnumMember(Value = "CUSTOMER")] Customer,
}
