using System.Net;
using CsCheck;
using Kiln.Service.Ec2.Instances.Guests.Networks;

namespace Kiln.Tests.Ec2.Instances.Guests.Networks;

public sealed class DhcpMessageTests
{
    private static readonly DhcpLease Lease =
        new(IPAddress.Parse("172.31.0.4"), 20, IPAddress.Parse("172.31.0.1"), "ip-172-31-0-4");

    [Fact]
    public void Any_bytes_are_read_as_a_message_or_as_none() => Gen.Byte.Array[0, 600].Sample(bytes =>
        DhcpMessage.Read(bytes)?.Answer(DhcpMessage.Offer, Lease).Length is null or 300);

    [Fact]
    public void Options_of_any_length_after_a_good_header_are_read_or_refused() =>
        Gen.Byte.Array[0, 300].Sample(options =>
        {
            var bytes = new byte[240 + options.Length];
            (bytes[0], bytes[1], bytes[2]) = (1, 1, 6);
            ((ReadOnlySpan<byte>)[99, 130, 83, 99]).CopyTo(bytes.AsSpan(236));
            options.CopyTo(bytes, 240);
            DhcpMessage.Read(bytes);
        });

    [Fact]
    public void An_offer_names_address_mask_router_and_lease()
    {
        var ask = new byte[244];
        (ask[0], ask[1], ask[2]) = (1, 1, 6);
        ((ReadOnlySpan<byte>)[99, 130, 83, 99, 53, 1, 1, 255]).CopyTo(ask.AsSpan(236));
        var answer = DhcpMessage.Read(ask)!.Answer(DhcpMessage.Offer, Lease);
        Assert.Equal(new byte[] { 172, 31, 0, 4 }, answer[16..20]);
        Assert.Equal(
            new byte[] { 53, 1, 2, 54, 4, 172, 31, 0, 1, 51, 4, 0, 1, 0x51, 0x80, 1, 4, 255, 255, 240, 0, 3, 4 },
            answer[240..263]);
    }
}
