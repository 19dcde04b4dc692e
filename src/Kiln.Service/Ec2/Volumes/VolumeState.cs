using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>A volume's states. EC2 API Reference "Volume", member State.</summary>
public enum VolumeState
{
    /// <summary>Its device is being made.</summary>
    [EnumMember(Value = "creating")] Creating,

    /// <summary>Attached to nothing.</summary>
    [EnumMember(Value = "available")] Available,

    /// <summary>Attached to an instance.</summary>
    [EnumMember(Value = "in-use")] InUse,

    /// <summary>Its device is being removed.</summary>
    [EnumMember(Value = "deleting")] Deleting,

    /// <summary>Removed.</summary>
    [EnumMember(Value = "deleted")] Deleted,

    /// <summary>It could not be made.</summary>
    [EnumMember(Value = "error")] Error,
}
