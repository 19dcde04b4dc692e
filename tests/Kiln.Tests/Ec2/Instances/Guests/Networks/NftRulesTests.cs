using Kiln.Service.Ec2.Instances.Guests.Networks;
using Kiln.Service.Ec2.Network;

namespace Kiln.Tests.Ec2.Instances.Guests.Networks;

public sealed class NftRulesTests
{
    [Fact]
    public void Every_kind_of_rule_has_its_line()
    {
        var any = Cidr.Parse("0.0.0.0/0")!.Value;
        var some = Cidr.Parse("10.1.0.0/16")!.Value;
        var access = new GuestAccess("i-1", "172.31.0.4",
        [
            new GuestRule("tcp", 22, 22, [any, some]), new GuestRule("udp", 0, 65535, [some]),
            new GuestRule("icmp", -1, -1, [any]), new GuestRule("icmp", 8, -1, [some]),
            new GuestRule("icmp", 3, 4, [some]), new GuestRule("icmpv6", -1, -1, [any]),
            new GuestRule("47", null, null, [some]),
        ], [new GuestRule("-1", null, null, [any])]);
        var text = NftRules.Of([("kt1", access)]);
        Assert.Contains("""
             chain out-kt1 {
              return
              drop
             }
             chain in-kt1 {
              tcp dport 22-22 accept
              ip saddr 10.1.0.0/16 tcp dport 22-22 accept
              ip saddr 10.1.0.0/16 udp dport 0-65535 accept
              ip protocol icmp accept
              ip saddr 10.1.0.0/16 icmp type 8 accept
              ip saddr 10.1.0.0/16 icmp type 3 icmp code 4 accept
              ip saddr 10.1.0.0/16 ip protocol 47 accept
              drop
             }
            """, text, StringComparison.Ordinal);
        Assert.True(access.AllowsFromHost(22));
        Assert.False(access.AllowsFromHost(23));
        Assert.False((access with { Inbound = [new GuestRule("tcp", 22, 22, [some])] }).AllowsFromHost(22));
    }
}
