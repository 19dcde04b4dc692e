using System.Globalization;
using System.Text;
using Kiln.Service.Ec2.Network;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>The firewall of one VPC's namespace, as a text for <c>nft -f</c>.</summary>
/// <remarks>
/// A machine sends from its own address or not at all; nothing passes between two machines that the outbound rules of
/// one and the inbound rules of the other do not both allow; answers pass with the connection they belong to. The
/// namespace itself takes DHCP and metadata only.
/// </remarks>
internal static class NftRules
{
    private const string Table = "inet kiln";

    /// <summary>The whole table, which replaces an earlier one in one step.</summary>
    /// <param name="machines">The machines, each with its tap device.</param>
    public static string Of(IReadOnlyList<(string Tap, GuestAccess Access)> machines)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"table {Table}\ndelete table {Table}\ntable {Table} {{\n");
        Base(text, machines);
        foreach (var (tap, access) in machines)
        {
            Chain(text, $"out-{tap}", access.Outbound, "daddr", "return", "drop");
            Chain(text, $"in-{tap}", access.Inbound, "saddr", "accept", "drop");
        }
        return text.Append("}\n").ToString();
    }

    private static void Base(StringBuilder text, IReadOnlyList<(string Tap, GuestAccess Access)> machines)
    {
        string Each(Func<(string Tap, GuestAccess Access), string> part) => string.Join(", ", machines.Select(part));
        text.Append(CultureInfo.InvariantCulture, $$"""
             chain own {
              type filter hook prerouting priority raw; policy accept;
              iifname "lo" accept
              iifname . ip saddr { {{Each(m => $"\"{m.Tap}\" . {m.Access.PrivateIp}")}} } accept
              ip saddr 0.0.0.0 udp sport 68 udp dport 67 accept
              drop
             }
             chain here {
              type filter hook input priority filter; policy drop;
              iifname "lo" accept
              ct state established,related accept
              ip daddr 169.254.169.254 tcp dport 80 accept
              udp sport 68 udp dport 67 accept
             }
             chain between {
              type filter hook forward priority filter; policy drop;
              ct state established,related accept
              ct state invalid drop
              iifname vmap { {{Each(m => $"\"{m.Tap}\" : jump out-{m.Tap}")}} }
              oifname vmap { {{Each(m => $"\"{m.Tap}\" : goto in-{m.Tap}")}} }
             }

            """);
    }

    private static void Chain(
        StringBuilder text, string name, IReadOnlyList<GuestRule> rules, string side, string yes, string no)
    {
        text.Append(CultureInfo.InvariantCulture, $" chain {name} {{\n");
        foreach (var rule in rules)
        {
            if (Match(rule) is not { } match)
                continue;
            foreach (var peer in rule.Peers)
            {
                var address = peer.Prefix == 0 ? "" : $"ip {side} {peer} ";
                text.Append(CultureInfo.InvariantCulture, $"  {address}{match}{yes}\n");
            }
        }
        text.Append(CultureInfo.InvariantCulture, $"  {no}\n }}\n");
    }

    /// <summary>What a rule asks of a packet beside its peer; null for one that no IPv4 packet meets.</summary>
    private static string? Match(GuestRule rule) => rule.Protocol switch
    {
        "-1" => "",
        "tcp" or "udp" => string.Create(
            CultureInfo.InvariantCulture, $"{rule.Protocol} dport {rule.From}-{rule.To} "),
        "icmp" when rule.From is null or -1 => "ip protocol icmp ",
        "icmp" when rule.To is null or -1 => string.Create(CultureInfo.InvariantCulture, $"icmp type {rule.From} "),
        "icmp" => string.Create(CultureInfo.InvariantCulture, $"icmp type {rule.From} icmp code {rule.To} "),
        "icmpv6" => null,
        _ => $"ip protocol {rule.Protocol} ",
    };
}
