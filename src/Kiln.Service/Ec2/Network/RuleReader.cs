using System.Globalization;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Network;

/// <summary>Reads the rules out of a request to authorise or revoke, with EC2's checks.</summary>
/// <remarks>EC2 API Reference "IpPermission", "AuthorizeSecurityGroupIngress".</remarks>
public sealed class RuleReader(SecurityGroup group, bool egress)
{
    private const int PortMax = 65_535, IcmpMax = 255;

    private static readonly Dictionary<string, string> Protocols = new(StringComparer.OrdinalIgnoreCase)
    {
        ["tcp"] = "tcp", ["6"] = "tcp", ["udp"] = "udp", ["17"] = "udp", ["icmp"] = "icmp", ["1"] = "icmp",
        ["icmpv6"] = "icmpv6", ["58"] = "icmpv6", ["-1"] = "-1", ["all"] = "-1",
    };

    /// <summary>The rules of a request, one for each peer.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidParameterValue, MissingParameter,
    /// InvalidParameterCombination, InvalidGroup.NotFound.</exception>
    public async Task<IReadOnlyList<SecurityGroupRule>> Read(
        Db db, Call call, IReadOnlyList<IpPermission> permissions, IpPermission? single, CancellationToken cancel)
    {
        if (permissions.Count > 0 && single is not null)
            throw Ec2Error.InvalidParameterCombination("Give IpPermissions or the parameters of one rule, not both.");
        if (permissions.Count == 0 && single is null)
            throw Ec2Error.MissingParameter("ipPermissions");
        var rules = new List<SecurityGroupRule>();
        foreach (var permission in single is null ? permissions : [single])
        {
            var (protocol, from, to) = Ports(permission);
            var before = rules.Count;
            foreach (var range in permission.IpRanges)
                rules.Add(Rule(protocol, from, to, Ipv4(range.CidrIp), null, null, range.Description));
            foreach (var range in permission.Ipv6Ranges)
                rules.Add(Rule(protocol, from, to, null, Ipv6(range.CidrIpv6), null, range.Description));
            foreach (var pair in permission.UserIdGroupPairs)
            {
                var peer = await Peer(db, call, pair, cancel);
                rules.Add(Rule(protocol, from, to, null, null, peer, pair.Description));
            }
            if (rules.Count == before)
                throw Ec2Error.MissingParameter("ipRanges");
        }
        if (rules.DistinctBy(r => r.Key).Count() != rules.Count)
            throw Ec2Error.InvalidParameterValue("The same permission must not appear multiple times");
        return rules;
    }

    /// <summary>A rule in EC2's words.</summary>
    public static string Text(SecurityGroupRule rule)
    {
        var ports = rule.IpProtocol switch
        {
            "-1" => "ALL",
            "tcp" or "udp" => string.Create(CultureInfo.InvariantCulture,
                $"{rule.IpProtocol.ToUpperInvariant()}, from port: {rule.FromPort}, to port: {rule.ToPort}"),
            "icmp" or "icmpv6" => string.Create(CultureInfo.InvariantCulture,
                $"{rule.IpProtocol.ToUpperInvariant()}, type: {rule.FromPort}, code: {rule.ToPort}"),
            _ => rule.IpProtocol,
        };
        return $"peer: {rule.Peer}, {ports}, ALLOW";
    }

    private SecurityGroupRule Rule(
        string protocol, int? from, int? to, string? cidr4, string? cidr6, string? peer, string? description) =>
        SecurityGroupRule.Of(group.Id, egress, protocol, from, to, cidr4, cidr6, peer, description);

    private static (string Protocol, int? From, int? To) Ports(IpPermission permission)
    {
        var text = permission.IpProtocol ?? throw Ec2Error.MissingParameter("ipProtocol");
        if (!Protocols.TryGetValue(text, out var protocol))
        {
            if (!byte.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
                throw Ec2Error.InvalidParameterValue(
                    text, "ipProtocol", "Use tcp, udp, icmp, icmpv6, a protocol number, or -1 for all.");
            protocol = number.ToString(CultureInfo.InvariantCulture);
        }
        var (from, to) = (permission.FromPort, permission.ToPort);
        switch (protocol)
        {
            case "tcp" or "udp":
                if (from is null || to is null)
                    throw Ec2Error.MissingParameter(from is null ? "fromPort" : "toPort");
                if (from is < 0 or > PortMax || to is < 0 or > PortMax || from > to)
                    throw Ec2Error.InvalidParameterValue(string.Create(CultureInfo.InvariantCulture,
                        $"Invalid {protocol.ToUpperInvariant()} port range ({from}-{to})"));
                return (protocol, from, to);
            case "icmp" or "icmpv6":
                if (from is < -1 or > IcmpMax || to is < -1 or > IcmpMax
                    || (from is null or -1 && to is not (null or -1)))
                    throw Ec2Error.InvalidParameterValue(string.Create(CultureInfo.InvariantCulture,
                        $"ICMP code ({to}) is not valid for ICMP type ({from})"));
                return (protocol, from ?? -1, to ?? -1);
            default:
                // Ports mean nothing to other protocols; AWS keeps none either.
                return (protocol, null, null);
        }
    }

    private static string Ipv4(string? text) =>
        (text is null ? throw Ec2Error.MissingParameter("cidrIp") : Cidr.Parse(text))?.ToString()
        ?? throw Ec2Error.InvalidParameterValue($"CIDR block {Ec2Error.Short(text)} is malformed");

    private static string Ipv6(string? text) =>
        (text is null ? throw Ec2Error.MissingParameter("cidrIpv6") : Cidr.CanonicalIpv6(text))
        ?? throw Ec2Error.InvalidParameterValue($"CIDR block {Ec2Error.Short(text)} is malformed");

    private async Task<string> Peer(Db db, Call call, IpPermission.UserIdGroupPair pair, CancellationToken cancel)
    {
        var named = pair.GroupId ?? pair.GroupName ?? throw Ec2Error.MissingParameter("groupId");
        if (pair.GroupId is { } id)
            FoundGroup.CheckId(id);
        if ((pair.UserId is { } user && user != call.AccountId) || (pair.VpcId is { } vpc && vpc != group.VpcId))
            throw Ec2Error.InvalidGroupNotFound(named, group.VpcId);
        var peer = await db.SecurityGroups.AsNoTracking().Where(g => g.VpcId == group.VpcId)
            .Where(g => pair.GroupId != null ? g.Id == pair.GroupId : g.Name == pair.GroupName)
            .Select(g => g.Id).SingleOrDefaultAsync(cancel);
        return peer ?? throw Ec2Error.InvalidGroupNotFound(named, group.VpcId);
    }
}
