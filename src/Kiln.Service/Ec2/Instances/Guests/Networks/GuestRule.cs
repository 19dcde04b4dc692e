using Kiln.Service.Ec2.Network;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>One rule of a security group, with its peers as ranges of addresses.</summary>
/// <param name="Protocol"><c>tcp</c>, <c>udp</c>, <c>icmp</c>, a number, or <c>-1</c> for all.</param>
/// <param name="From">The first port or the ICMP type; null for all.</param>
/// <param name="To">The last port or the ICMP code; null for all.</param>
/// <param name="Peers">IPv4 ranges; the members of a group are ranges of one address.</param>
public sealed record GuestRule(string Protocol, int? From, int? To, IReadOnlyList<Cidr> Peers)
{
    /// <summary>Whether it lets a TCP connection with this peer to this port.</summary>
    public bool AllowsTcp(int port, uint peer) => Protocol is "-1" or "tcp"
        && (Protocol == "-1" || (port >= From && port <= To)) && Peers.Any(p => p.Contains(peer));
}
