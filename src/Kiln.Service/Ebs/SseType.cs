using System.Runtime.Serialization;

namespace Kiln.Service.Ebs;

/// <summary>How a snapshot is encrypted at rest. EBS direct APIs Reference "StartSnapshot", member SseType.</summary>
public enum SseType
{
    /// <summary>By keys of the service.</summary>
    [EnumMember(Value = "sse-ebs")] SseEbs,

    /// <summary>Under a KMS key.</summary>
    [EnumMember(Value = "sse-kms")] SseKms,

    /// <summary>Not at all.</summary>
    [EnumMember(Value = "none")] None,
}
