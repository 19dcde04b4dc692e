using System.Runtime.Serialization;

namespace Kiln.Service.Ebs;

/// <summary>How the checksum of a snapshot is made of those of its blocks; there is one way.</summary>
public enum ChecksumAggregationMethod
{
    /// <summary>SHA-256 over the raw digests of the written blocks in ascending order of their index.</summary>
    [EnumMember(Value = "LINEAR")] Linear,
}
