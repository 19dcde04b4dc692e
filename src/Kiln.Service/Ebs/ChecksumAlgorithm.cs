using System.Runtime.Serialization;

namespace Kiln.Service.Ebs;

/// <summary>How checksums are made; there is one way.</summary>
public enum ChecksumAlgorithm
{
    /// <summary>SHA-256, written in base64.</summary>
    [EnumMember(Value = "SHA256")] Sha256,
}
