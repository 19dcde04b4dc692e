using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Images;

/// <summary>An image's states, and which may follow which. EC2 API Reference "Image", member State.</summary>
public enum ImageState
{
    /// <summary>Its data is not complete yet.</summary>
    [EnumMember(Value = "pending")] Pending,

    /// <summary>Every block behind it is stored.</summary>
    [EnumMember(Value = "available")] Available,

    /// <summary>It could not be made; StateReason says why.</summary>
    [EnumMember(Value = "failed")] Failed,

    /// <summary>Disabled by its owner: hidden, private, not launchable.</summary>
    [EnumMember(Value = "disabled")] Disabled,

    /// <summary>Deregistered; kept as a name for instances that were launched from it.</summary>
    [EnumMember(Value = "deregistered")] Deregistered,
}
