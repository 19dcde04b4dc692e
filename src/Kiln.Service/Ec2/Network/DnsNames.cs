using Kiln.Service.Ec2.Instances.Guests.Networks;

namespace Kiln.Service.Ec2.Network;

/// <summary>Names of instances by address. EC2 User Guide "EC2 instance hostnames and domains".</summary>
public static class DnsNames
{
    /// <summary>The private name: <c>ip-172-31-0-4.ec2.internal</c> in us-east-1.</summary>
    public static string Private(string region, string address) =>
        $"ip-{Dashed(address)}.{(region == "us-east-1" ? "ec2" : region + ".compute")}.internal";

    /// <summary>The public name: <c>ec2-203-0-113-4.compute-1.amazonaws.com</c> in us-east-1. That of a machine on this
    /// host's loopback is the address itself, which every resolver takes.</summary>
    public static string Public(string region, string address) => GuestPort.IsOnHost(address) ? address
        : $"ec2-{Dashed(address)}.{(region == "us-east-1" ? "compute-1" : region + ".compute")}.amazonaws.com";

    private static string Dashed(string address) => address.Replace('.', '-');
}
