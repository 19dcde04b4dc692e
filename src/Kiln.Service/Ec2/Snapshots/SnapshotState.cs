using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>A snapshot's states. EC2 API Reference "Snapshot", member State.</summary>
public enum SnapshotState
{
    /// <summary>Its point in time is fixed; its data is still being stored.</summary>
    [EnumMember(Value = "pending")] Pending,

    /// <summary>Every block is stored.</summary>
    [EnumMember(Value = "completed")] Completed,

    /// <summary>It could not be made; StateMessage says why.</summary>
    [EnumMember(Value = "error")] Error,
}
