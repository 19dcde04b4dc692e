using System.Runtime.Serialization;

namespace Kiln.Service.Kms;

/// <summary>A multi-Region key's part.</summary>
public enum MultiRegionKeyType
{
    [EnumMember(Value = "PRIMARY")] Primary,
    [EnumMember(Value = "REPLICA")] Replica,
}
