using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>States of a change to a volume. EC2 API Reference "VolumeModification", member ModificationState.</summary>
public enum VolumeModificationState
{
    /// <summary>The device is being grown.</summary>
    [EnumMember(Value = "modifying")] Modifying,

    /// <summary>The size is there; the performance is on its way.</summary>
    [EnumMember(Value = "optimizing")] Optimizing,

    /// <summary>All is as asked.</summary>
    [EnumMember(Value = "completed")] Completed,

    /// <summary>The volume is as before.</summary>
    [EnumMember(Value = "failed")] Failed,
}
