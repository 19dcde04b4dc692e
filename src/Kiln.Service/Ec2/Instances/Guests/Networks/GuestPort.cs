using System.Globalization;
using Kiln.Service.Ec2.Network;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>Where a machine's SSH is reached on this host: at a loopback address of its own, and one port for all.
/// </summary>
public static class GuestPort
{
    /// <summary>The port that is used where nobody may listen on 22.</summary>
    public const int Unprivileged = 2222;

    // linux/capability.h.
    private const int NetBindCapability = 10;

    /// <summary>The port inside, and on this host where QEMU can be let listen there.</summary>
    public const int Ssh = 22;

    /// <summary>The port on this host.</summary>
    public static int OnHost { get; } = MayBindLow() ? Ssh : Unprivileged;

    /// <summary>The public addresses of machines: half of what every Linux answers as its own loopback.</summary>
    public static Cidr Addresses { get; } = Cidr.Parse("127.128.0.0/9")!.Value;

    /// <summary>Whether a public address is one that this host answers by itself.</summary>
    public static bool IsOnHost(string? publicIp) =>
        publicIp is not null && Cidr.Address(publicIp) is { } address && Addresses.Contains(address);

    private static bool MayBindLow()
    {
        if (Posix.UserId == 0)
            return true;
        try
        {
            if (int.TryParse(File.ReadAllText("/proc/sys/net/ipv4/ip_unprivileged_port_start"), NumberStyles.None,
                CultureInfo.InvariantCulture, out var first)
                && first <= Ssh)
                return true;
            // Only what is in the ambient set passes to QEMU.
            var ambient = File.ReadLines("/proc/self/status")
                .FirstOrDefault(l => l.StartsWith("CapAmb:", StringComparison.Ordinal))?["CapAmb:".Length..].Trim();
            return ulong.TryParse(ambient, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var set)
                && (set >> NetBindCapability & 1) != 0;
        }
        catch (IOException)
        {
            return false;
        }
    }
}
