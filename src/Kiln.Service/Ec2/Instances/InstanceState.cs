using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Instances;

/// <summary>An instance's states; the number is the code on the wire. EC2 API Reference "InstanceState".</summary>
public enum InstanceState
{
    /// <summary>Being started.</summary>
    [EnumMember(Value = "pending")] Pending = 0,

    /// <summary>Running.</summary>
    [EnumMember(Value = "running")] Running = 16,

    /// <summary>Being terminated.</summary>
    [EnumMember(Value = "shutting-down")] ShuttingDown = 32,

    /// <summary>Gone; shown for an hour.</summary>
    [EnumMember(Value = "terminated")] Terminated = 48,

    /// <summary>Being stopped.</summary>
    [EnumMember(Value = "stopping")] Stopping = 64,

    /// <summary>Stopped; its EBS volumes stay attached.</summary>
    [EnumMember(Value = "stopped")] Stopped = 80,
}
