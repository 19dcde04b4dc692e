using System.Runtime.Serialization;

namespace Kiln.Service.Ssm.Parameters;

/// <summary>What a parameter holds.</summary>
public enum ParameterType
{
    /// <summary>Text.</summary>
    [EnumMember(Value = "String")] String,

    /// <summary>Texts separated by commas.</summary>
    [EnumMember(Value = "StringList")] StringList,

    /// <summary>Text that is kept encrypted under a key.</summary>
    [EnumMember(Value = "SecureString")] SecureString,
}
