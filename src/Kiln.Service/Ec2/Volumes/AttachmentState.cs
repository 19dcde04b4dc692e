using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>States of a volume's attachment. EC2 API Reference "VolumeAttachment".</summary>
public enum AttachmentState
{
    /// <summary>The guest is being given the device.</summary>
    [EnumMember(Value = "attaching")] Attaching,

    /// <summary>The guest has the device.</summary>
    [EnumMember(Value = "attached")] Attached,

    /// <summary>The guest is giving the device back.</summary>
    [EnumMember(Value = "detaching")] Detaching,

    /// <summary>The guest has given the device back; the attachment is gone from the volume.</summary>
    [EnumMember(Value = "detached")] Detached,

    /// <summary>The guest does not let go of the device.</summary>
    [EnumMember(Value = "busy")] Busy,
}
