using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.Network;

/// <summary>A security group on the wire. EC2 API Reference "SecurityGroup".</summary>
public sealed record SecurityGroupItem
{
    public required string GroupId { get; init; }
    public required string GroupName { get; init; }
    [Wire("groupDescription")] public required string Description { get; init; }
    public required string OwnerId { get; init; }
    public required string VpcId { get; init; }
    public required string SecurityGroupArn { get; init; }
    [Wire("ipPermissions")] public required IReadOnlyList<IpPermission> IpPermissions { get; init; }
    [Wire("ipPermissionsEgress")] public required IReadOnlyList<IpPermission> IpPermissionsEgress { get; init; }
    [Wire("tagSet")] public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>A group with its rules and the caller's tags of it.</summary>
    public static SecurityGroupItem Of(SecurityGroup group, IReadOnlyList<Tag> tags) => new()
    {
        GroupId = group.Id,
        GroupName = group.Name,
        Description = group.Description,
        OwnerId = group.AccountId,
        VpcId = group.VpcId,
        SecurityGroupArn = group.Arn,
        IpPermissions = IpPermission.Of(group.Rules.Where(r => !r.IsEgress), group.AccountId),
        IpPermissionsEgress = IpPermission.Of(group.Rules.Where(r => r.IsEgress), group.AccountId),
        Tags = tags,
    };
}
