using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.Network;

/// <summary>A rule on the wire. EC2 API Reference "SecurityGroupRule".</summary>
public sealed record SecurityGroupRuleItem
{
    public required string SecurityGroupRuleId { get; init; }
    public required string SecurityGroupRuleArn { get; init; }
    public required string GroupId { get; init; }
    public required string GroupOwnerId { get; init; }
    public required bool IsEgress { get; init; }
    public required string IpProtocol { get; init; }
    public required int FromPort { get; init; }
    public required int ToPort { get; init; }
    public string? CidrIpv4 { get; init; }
    public string? CidrIpv6 { get; init; }
    public ReferencedGroup? ReferencedGroupInfo { get; init; }
    public string? Description { get; init; }
    [Wire("tagSet")] public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>A rule of a group of this account; ports that mean everything are -1.</summary>
    public static SecurityGroupRuleItem Of(
        SecurityGroupRule rule, string region, string account, IReadOnlyList<Tag> tags) => new()
        {
            SecurityGroupRuleId = rule.Id,
            SecurityGroupRuleArn = Arn.Ec2(region, account, "security-group-rule", rule.Id),
            GroupId = rule.GroupId,
            GroupOwnerId = account,
            IsEgress = rule.IsEgress,
            IpProtocol = rule.IpProtocol,
            FromPort = rule.FromPort ?? -1,
            ToPort = rule.ToPort ?? -1,
            CidrIpv4 = rule.CidrIpv4,
            CidrIpv6 = rule.CidrIpv6,
            ReferencedGroupInfo = rule.ReferencedGroupId is { } id ? new ReferencedGroup(id, account) : null,
            Description = rule.Description,
            Tags = tags,
        };

    /// <summary>A peer as a group.</summary>
    public sealed record ReferencedGroup(string GroupId, string UserId);
}
