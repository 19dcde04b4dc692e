using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Network;

/// <summary>Rules of one protocol and port range, by peer. EC2 API Reference "IpPermission".</summary>
public sealed record IpPermission
{
    public string? IpProtocol { get; init; }
    public int? FromPort { get; init; }
    public int? ToPort { get; init; }

    [Wire("Groups", Response = "groups"), MaxLength(SecurityGroup.RulesMax)]
    public IReadOnlyList<UserIdGroupPair> UserIdGroupPairs { get; init; } = [];

    [Wire("IpRanges", Response = "ipRanges"), MaxLength(SecurityGroup.RulesMax)]
    public IReadOnlyList<IpRange> IpRanges { get; init; } = [];

    [Wire("Ipv6Ranges", Response = "ipv6Ranges"), MaxLength(SecurityGroup.RulesMax)]
    public IReadOnlyList<Ipv6Range> Ipv6Ranges { get; init; } = [];

    [Wire("PrefixListIds", Response = "prefixListIds"), Unsupported("Kiln has no prefix lists")]
    public IReadOnlyList<PrefixList> PrefixListIds { get; init; } = [];

    /// <summary>Rules as EC2 groups them: by protocol and ports.</summary>
    public static IReadOnlyList<IpPermission> Of(IEnumerable<SecurityGroupRule> rules, string account) =>
        [.. rules.GroupBy(r => (r.IpProtocol, r.FromPort, r.ToPort)).Select(g => new IpPermission
        {
            IpProtocol = g.Key.IpProtocol,
            FromPort = g.Key.FromPort,
            ToPort = g.Key.ToPort,
            UserIdGroupPairs = [.. g.Where(r => r.ReferencedGroupId is not null).Select(r => new UserIdGroupPair
            {
                GroupId = r.ReferencedGroupId, UserId = account, Description = r.Description,
            })],
            IpRanges = [.. g.Where(r => r.CidrIpv4 is not null).Select(r => new IpRange
            {
                CidrIp = r.CidrIpv4, Description = r.Description,
            })],
            Ipv6Ranges = [.. g.Where(r => r.CidrIpv6 is not null).Select(r => new Ipv6Range
            {
                CidrIpv6 = r.CidrIpv6, Description = r.Description,
            })],
        })];

    /// <summary>A peer as a group. EC2 API Reference "UserIdGroupPair".</summary>
    public sealed record UserIdGroupPair
    {
        [MaxLength(255)] public string? Description { get; init; }
        public string? UserId { get; init; }
        public string? GroupName { get; init; }
        public string? GroupId { get; init; }
        public string? VpcId { get; init; }
        [Unsupported("Kiln has no VPC peering")] public string? VpcPeeringConnectionId { get; init; }
        [Unsupported("Kiln has no VPC peering")] public string? PeeringStatus { get; init; }
    }

    /// <summary>A peer as an IPv4 range.</summary>
    public sealed record IpRange
    {
        [MaxLength(255)] public string? Description { get; init; }
        public string? CidrIp { get; init; }
    }

    /// <summary>A peer as an IPv6 range.</summary>
    public sealed record Ipv6Range
    {
        [MaxLength(255)] public string? Description { get; init; }
        public string? CidrIpv6 { get; init; }
    }

    /// <summary>A peer as a prefix list.</summary>
    public sealed record PrefixList
    {
        public string? Description { get; init; }
        public string? PrefixListId { get; init; }
    }
}
