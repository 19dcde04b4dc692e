using System.Runtime.Serialization;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Where a command stands on one instance, or altogether.</summary>
public enum CommandStatus
{
    /// <summary>Not yet begun.</summary>
    [EnumMember(Value = "Pending")] Pending,

    /// <summary>Running.</summary>
    [EnumMember(Value = "InProgress")] InProgress,

    /// <summary>Ended with 0.</summary>
    [EnumMember(Value = "Success")] Success,

    /// <summary>Ended by CancelCommand, or never begun because others failed.</summary>
    [EnumMember(Value = "Cancelled")] Cancelled,

    /// <summary>Ended otherwise, or could not be delivered.</summary>
    [EnumMember(Value = "Failed")] Failed,

    /// <summary>Not delivered, or not ended, in time.</summary>
    [EnumMember(Value = "TimedOut")] TimedOut,

    /// <summary>Being ended by CancelCommand.</summary>
    [EnumMember(Value = "Cancelling")] Cancelling,
}
