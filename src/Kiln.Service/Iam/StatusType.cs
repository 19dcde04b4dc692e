using System.Runtime.Serialization;

namespace Kiln.Service.Iam;

/// <summary>Whether an access key works; keys here always do.</summary>
public enum StatusType
{
    [EnumMember(Value = "Active")] Active,
    [EnumMember(Value = "Inactive")] Inactive,
}
