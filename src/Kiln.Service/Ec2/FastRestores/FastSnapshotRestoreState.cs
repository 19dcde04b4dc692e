using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.FastRestores;

/// <summary>The states of a fast snapshot restore. EC2 API Reference "EnableFastSnapshotRestores".</summary>
public enum FastSnapshotRestoreState
{
    /// <summary>Asked for.</summary>
    [EnumMember(Value = "enabling")] Enabling,

    /// <summary>The snapshot is being loaded.</summary>
    [EnumMember(Value = "optimizing")] Optimizing,

    /// <summary>The bytes are there: volumes are local at once.</summary>
    [EnumMember(Value = "enabled")] Enabled,

    /// <summary>Given up.</summary>
    [EnumMember(Value = "disabling")] Disabling,

    /// <summary>Gone; shown for a while.</summary>
    [EnumMember(Value = "disabled")] Disabled,
}
