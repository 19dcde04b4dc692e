using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Kiln.Service.Ec2.Network;

/// <summary>An IPv4 range in canonical form: bits beyond the prefix are cleared, as EC2 does.</summary>
public readonly record struct Cidr(uint Network, int Prefix)
{
    /// <summary>The widest range of a VPC or subnet.</summary>
    public const int PrefixMin = 16;

    /// <summary>The narrowest range of a VPC or subnet.</summary>
    public const int PrefixMax = 28;

    /// <summary>How many addresses it holds.</summary>
    public long Size => 1L << (32 - Prefix);

    /// <summary>Whether VPCs and subnets may have this size.</summary>
    public bool IsNetworkSized => Prefix is >= PrefixMin and <= PrefixMax;

    /// <summary>Reads <c>a.b.c.d/n</c>; null when it is none.</summary>
    public static Cidr? Parse(string text)
    {
        var slash = text.IndexOf('/');
        if (slash < 0 || Prefixed(text, slash, 32) is not { } prefix || Address(text[..slash]) is not { } address)
            return null;
        return new Cidr(prefix == 0 ? 0 : address & (uint.MaxValue << (32 - prefix)), prefix);
    }

    /// <summary>Reads an IPv6 range and gives its canonical text; null when it is none.</summary>
    public static string? CanonicalIpv6(string text)
    {
        var slash = text.IndexOf('/');
        if (slash < 0 || Prefixed(text, slash, 128) is not { } prefix
            || !IPAddress.TryParse(text.AsSpan(0, slash), out var address)
            || address.AddressFamily != AddressFamily.InterNetworkV6 || text.Contains('%'))
            return null;
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - kept));
        }
        return string.Create(CultureInfo.InvariantCulture, $"{new IPAddress(bytes)}/{prefix}");
    }

    /// <summary>Reads four decimal numbers; null for anything else, also for the short and octal forms.</summary>
    public static uint? Address(string text) =>
        text.Count(c => c == '.') == 3 && IPAddress.TryParse(text, out var address) && address.ToString() == text
            ? BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes())
            : null;

    /// <summary>An address as text.</summary>
    public static string Text(uint address)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, address);
        return new IPAddress(bytes).ToString();
    }

    /// <summary>Whether another range lies within this one.</summary>
    public bool Contains(Cidr other) => other.Prefix >= Prefix && Contains(other.Network);

    /// <summary>Whether an address lies within.</summary>
    public bool Contains(uint address) => Prefix == 0 || (address ^ Network) >> (32 - Prefix) == 0;

    /// <summary>Whether two ranges share an address.</summary>
    public bool Overlaps(Cidr other) => Contains(other.Network) || other.Contains(Network);

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Text(Network)}/{Prefix}");

    private static int? Prefixed(string text, int slash, int most) =>
        int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var prefix)
        && prefix <= most ? prefix : null;
}
