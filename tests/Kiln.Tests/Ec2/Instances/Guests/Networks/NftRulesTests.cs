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
    }

    [Fact]
    public void Ssh_is_open_to_this_host_by_a_rule_for_port_22_or_for_the_port_where_it_is()
    {
        bool Allows(int onHost, int port, string from) => new GuestAccess(
            "i-1", "172.31.0.4", [new GuestRule("tcp", port, port, [Cidr.Parse(from)!.Value])], []).AllowsSsh(onHost);

        Assert.True(Allows(22, 22, "0.0.0.0/0"));
        Assert.True(Allows(2222, 22, "0.0.0.0/0"));
        Assert.True(Allows(2222, 2222, "0.0.0.0/0"));
        Assert.False(Allows(22, 2222, "0.0.0.0/0"));
        Assert.False(Allows(2222, 23, "0.0.0.0/0"));
        Assert.False(Allows(22, 22, "10.1.0.0/16"));
    }
}
