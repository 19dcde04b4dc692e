using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>What a DHCP client asks, and the answers to it. RFC 2131, RFC 2132.</summary>
/// <param name="Kind">Option 53: 1 discover, 3 request, 4 decline, 7 release, 8 inform.</param>
/// <param name="Transaction">The client's number of the exchange.</param>
/// <param name="Hardware">Its card's address.</param>
/// <param name="Wanted">The address that it asks for, or has; 0.0.0.0 for none.</param>
internal sealed record DhcpMessage(byte Kind, uint Transaction, ReadOnlyMemory<byte> Hardware, IPAddress Wanted)
{
    public const byte Discover = 1, Offer = 2, Request = 3, Acknowledge = 5, Refuse = 6, Inform = 8;

    private const int FixedBytes = 236, CookieBytes = 4, HardwareBytes = 6;

    // What every client takes, RFC 2131: shorter ones are padded, longer ones never made.
    private const int AnswerBytes = 300;
    private static ReadOnlySpan<byte> Cookie => [99, 130, 83, 99];

    /// <summary>Reads a client's message; null for anything else.</summary>
    public static DhcpMessage? Read(ReadOnlySpan<byte> bytes)
    {
        // op 1 is a client's; htype 1 and hlen 6 are Ethernet.
        if (bytes.Length < FixedBytes + CookieBytes || bytes[0] != 1 || bytes[1] != 1 || bytes[2] != HardwareBytes
            || !bytes.Slice(FixedBytes, CookieBytes).SequenceEqual(Cookie))
            return null;
        byte kind = 0;
        var wanted = new IPAddress(bytes.Slice(12, 4));
        var options = bytes[(FixedBytes + CookieBytes)..];
        while (options.Length > 0 && options[0] != 255)
        {
            if (options[0] == 0)
            {
                options = options[1..];
                continue;
            }
            if (options.Length < 2 || options.Length < 2 + options[1])
                return null;
            var value = options.Slice(2, options[1]);
            if (options[0] == 53 && value.Length == 1)
                kind = value[0];
            else if (options[0] == 50 && value.Length == 4)
                wanted = new IPAddress(value);
            options = options[(2 + value.Length)..];
        }
        return kind == 0 ? null : new DhcpMessage(
            kind, BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]), bytes.Slice(28, HardwareBytes).ToArray(), wanted);
    }

    /// <summary>The answer to this message.</summary>
    /// <param name="kind"><see cref="Offer"/>, <see cref="Acknowledge"/> or <see cref="Refuse"/>.</param>
    /// <param name="lease">What the machine gets.</param>
    public byte[] Answer(byte kind, DhcpLease lease)
    {
        var bytes = new byte[AnswerBytes];
        (bytes[0], bytes[1], bytes[2]) = (2, 1, HardwareBytes);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), Transaction);
        Hardware.Span.CopyTo(bytes.AsSpan(28));
        Cookie.CopyTo(bytes.AsSpan(FixedBytes));
        var at = FixedBytes + CookieBytes;
        void Add(byte option, ReadOnlySpan<byte> value)
        {
            (bytes[at], bytes[at + 1]) = (option, (byte)value.Length);
            value.CopyTo(bytes.AsSpan(at + 2));
            at += 2 + value.Length;
        }
        Add(53, [kind]);
        Add(54, lease.Router.GetAddressBytes());
        if (kind != Refuse)
        {
            // An inform is answered without an address: the client has one.
            if (Kind != Inform)
            {
                lease.Address.GetAddressBytes().CopyTo(bytes.AsSpan(16));
                Span<byte> seconds = stackalloc byte[4];
                BinaryPrimitives.WriteUInt32BigEndian(seconds, DhcpLease.Seconds);
                Add(51, seconds);
            }
            Span<byte> mask = stackalloc byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(mask, uint.MaxValue << (32 - lease.Prefix));
            Add(1, mask);
            Add(3, lease.Router.GetAddressBytes());
            Add(12, Encoding.ASCII.GetBytes(lease.HostName));
        }
        bytes[at] = 255;
        return bytes;
    }
}

/// <summary>What a machine gets by DHCP.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Prefix">The length of its subnet's prefix.</param>
/// <param name="Router">The subnet's router, which is also the server.</param>
/// <param name="HostName">Its name, up to 32 letters.</param>
internal sealed record DhcpLease(IPAddress Address, int Prefix, IPAddress Router, string HostName)
{
    /// <summary>A day: longer than Kiln is ever away, and the address is the machine's for life.</summary>
    public const uint Seconds = 86_400;
}
