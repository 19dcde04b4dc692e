using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Service.Calls;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Network;

/// <summary>One rule with one peer. EC2 API Reference "SecurityGroupRule".</summary>
public sealed class SecurityGroupRule
{
    /// <summary><c>sgr-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The group.</summary>
    [MaxLength(24)]
    public required string GroupId { get; init; }

    /// <summary>Whether it lets traffic out; else in.</summary>
    public required bool IsEgress { get; init; }

    /// <summary><c>tcp</c>, <c>udp</c>, <c>icmp</c>, <c>icmpv6</c>, a number, or <c>-1</c> for all.</summary>
    [MaxLength(8)]
    public required string IpProtocol { get; init; }

    /// <summary>The first port or the ICMP type; null for all protocols.</summary>
    public int? FromPort { get; init; }

    /// <summary>The last port or the ICMP code; null for all protocols.</summary>
    public int? ToPort { get; init; }

    /// <summary>The peer as an IPv4 range, or null.</summary>
    [MaxLength(18)]
    public string? CidrIpv4 { get; init; }

    /// <summary>The peer as an IPv6 range, or null.</summary>
    [MaxLength(43)]
    public string? CidrIpv6 { get; init; }

    /// <summary>The peer as a group of the same VPC, or null.</summary>
    [MaxLength(24)]
    public string? ReferencedGroupId { get; init; }

    /// <summary>What it is for.</summary>
    [MaxLength(255)]
    public string? Description { get; set; }

    /// <summary>What makes two rules the same: everything but id and description.</summary>
    [MaxLength(120)]
    public string Key { get; private set; } = "";

    /// <summary>The peer as text.</summary>
    public string Peer => CidrIpv4 ?? CidrIpv6 ?? ReferencedGroupId ?? "";

    /// <summary>A rule with its key.</summary>
    public static SecurityGroupRule Of(
        string groupId, bool egress, string protocol, int? from, int? to, string? cidr4, string? cidr6, string? group,
        string? description) => new()
        {
            Id = Ids.New("sgr"),
            GroupId = groupId,
            IsEgress = egress,
            IpProtocol = protocol,
            FromPort = from,
            ToPort = to,
            CidrIpv4 = cidr4,
            CidrIpv6 = cidr6,
            ReferencedGroupId = group,
            Description = description,
            Key = string.Create(CultureInfo.InvariantCulture,
                $"{(egress ? 'e' : 'i')} {protocol} {from} {to} {cidr4 ?? cidr6 ?? group}"),
        };

    /// <summary>Everything to everywhere: what a new group lets out.</summary>
    public static SecurityGroupRule AllOut(string groupId) =>
        Of(groupId, egress: true, "-1", null, null, "0.0.0.0/0", null, null, null);

    private sealed class Configuration : IEntityTypeConfiguration<SecurityGroupRule>
    {
        public void Configure(EntityTypeBuilder<SecurityGroupRule> builder)
        {
            builder.Ignore(r => r.Peer);
            builder.HasIndex(r => new { r.GroupId, r.Key }).IsUnique();
            builder.HasIndex(r => r.ReferencedGroupId);
        }
    }
}
