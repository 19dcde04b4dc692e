using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Instances;

/// <summary>The interface that a launch asks for. EC2 API Reference "InstanceNetworkInterfaceSpecification".</summary>
[Unsupported("Kiln's networks are IPv4", "Ipv6AddressCount", "Ipv6Addresses", "Ipv6Prefixes", "Ipv6PrefixCount",
    "PrimaryIpv6")]
[Unsupported("instances have one interface, which is made with them", "NetworkInterfaceId", "NetworkCardIndex")]
[Unsupported("interfaces have one private address", "PrivateIpAddresses", "SecondaryPrivateIpAddressCount",
    "Ipv4Prefixes", "Ipv4PrefixCount")]
[Unsupported("Wavelength only", "AssociateCarrierIpAddress")]
[Unsupported("Kiln's network has no such hardware", "EnaSrdSpecification", "ConnectionTrackingSpecification",
    "EnaQueueCount")]
public sealed record LaunchInterface
{
    /// <summary>0: instances have one interface.</summary>
    public int? DeviceIndex { get; init; }

    /// <summary>Whether it gets a public address; null leaves it to the subnet.</summary>
    public bool? AssociatePublicIpAddress { get; init; }

    /// <summary>True: the interface goes with its instance.</summary>
    public bool? DeleteOnTermination { get; init; }

    /// <summary>What it is for.</summary>
    [MaxLength(255)]
    public string? Description { get; init; }

    /// <summary>Security groups by id.</summary>
    [Wire("SecurityGroupId"), MaxLength(16)]
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>The private address.</summary>
    public string? PrivateIpAddress { get; init; }

    /// <summary>The subnet.</summary>
    public string? SubnetId { get; init; }

    /// <summary><c>interface</c>.</summary>
    public string? InterfaceType { get; init; }
}
