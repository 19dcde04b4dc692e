using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>One entry of a block device mapping on the wire. EC2 API Reference "BlockDeviceMapping".</summary>
public sealed record BlockDeviceMapping
{
    /// <summary>The volume.</summary>
    public EbsBlockDevice? Ebs { get; init; }

    /// <summary>Given, even when empty: the device is left out.</summary>
    [EmptyIsPresent]
    public string? NoDevice { get; init; }

    /// <summary>The device name, e.g. <c>/dev/sdf</c>.</summary>
    [MaxLength(64)]
    public string? DeviceName { get; init; }

    /// <summary><c>ephemeral0</c> … for an instance store volume.</summary>
    [MaxLength(64)]
    public string? VirtualName { get; init; }
}
