namespace Kiln.Service.Ec2.Network;

/// <summary>A removed rule on the wire. EC2 API Reference "RevokedSecurityGroupRule".</summary>
public sealed record RevokedRuleItem
{
    public required string SecurityGroupRuleId { get; init; }
    public required string GroupId { get; init; }
    public required bool IsEgress { get; init; }
    public required string IpProtocol { get; init; }
    public required int FromPort { get; init; }
    public required int ToPort { get; init; }
    public string? CidrIpv4 { get; init; }
    public string? CidrIpv6 { get; init; }
    public string? ReferencedGroupId { get; init; }
    public string? Description { get; init; }

    /// <summary>A rule as it was.</summary>
    public static RevokedRuleItem Of(SecurityGroupRule rule) => new()
    {
        SecurityGroupRuleId = rule.Id,
        GroupId = rule.GroupId,
        IsEgress = rule.IsEgress,
        IpProtocol = rule.IpProtocol,
        FromPort = rule.FromPort ?? -1,
        ToPort = rule.ToPort ?? -1,
        CidrIpv4 = rule.CidrIpv4,
        CidrIpv6 = rule.CidrIpv6,
        ReferencedGroupId = rule.ReferencedGroupId,
        Description = rule.Description,
    };
}
