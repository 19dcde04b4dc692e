namespace Kiln.Service.Ec2.Network;

/// <summary>A security group by id and name, on the wire. EC2 API Reference "GroupIdentifier".</summary>
public sealed record GroupIdentifier(string GroupId, string GroupName);
