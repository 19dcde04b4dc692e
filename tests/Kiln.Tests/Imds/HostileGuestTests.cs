using System.Net.Sockets;
using System.Text;
using Kiln.Tests.Ec2.Instances;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Imds;

public sealed class HostileGuestTests(TestServer server) : IClassFixture<TestServer>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bytes_that_are_no_request_end_their_connection_and_nothing_else()
    {
        var (image, _) = await server.NewImage("hostile");
        var instance = await server.Ec2().Launch(image);
        using var guest = new GuestHttp(server, instance.InstanceId);
        var random = new Random(20261125);
        var valid = Encoding.ASCII.GetBytes(
            "GET /latest/meta-data/instance-id HTTP/1.1\r\nHost: 169.254.169.254\r\nX-A: b\r\n\r\n");
        for (var round = 0; round < 300; round++)
        {
            var bytes = (byte[])valid.Clone();
            for (var change = random.Next(1, 6); change > 0; change--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            await Say(guest, bytes[..random.Next(1, bytes.Length + 1)]);
        }
        foreach (var text in new[]
        {
            "GET / HTTP/1.1\r\nHost: " + new string('a', 20_000) + "\r\n\r\n",
            "GET /" + new string('a', 5_000) + " HTTP/1.1\r\nHost: a\r\n\r\n",
            "PUT /latest/api/token HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
            string.Concat(Enumerable.Repeat("A: b\r\n", 2000)), "\0\0\0\0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        })
            await Say(guest, Encoding.ASCII.GetBytes(text));
        Assert.Equal(instance.InstanceId, await guest.Meta("instance-id"));
    }

    [Fact]
    public async Task Who_has_said_all_and_closed_that_side_is_answered()
    {
        var (image, _) = await server.NewImage("half");
        var instance = await server.Ec2().Launch(image);
        using var guest = new GuestHttp(server, instance.InstanceId);
        using var socket = await Connect(guest);
        await socket.SendAsync("GET /latest/meta-data/instance-id HTTP/1.0\r\n\r\n"u8.ToArray(), Cancel);
        using var reader = new StreamReader(new NetworkStream(socket));
        socket.Shutdown(SocketShutdown.Send);
        var answer = await reader.ReadToEndAsync(Cancel);
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.EndsWith(instance.InstanceId, answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_that_holds_all_its_connections_does_not_hold_up_another()
    {
        var (image, _) = await server.NewImage("greedy");
        var greedy = await server.Ec2().Launch(image);
        var other = await server.Ec2().Launch(image);
        using var guest = new GuestHttp(server, greedy.InstanceId);
        using var neighbour = new GuestHttp(server, other.InstanceId);
        var held = new List<Socket>();
        for (var n = 0; n < 60; n++)
            held.Add(await Connect(guest));

        Assert.Equal(other.InstanceId, await neighbour.Meta("instance-id"));
        foreach (var socket in held)
            socket.Dispose();
        Assert.Equal(greedy.InstanceId, await guest.Meta("instance-id"));
    }

    private static async Task<Socket> Connect(GuestHttp guest)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(guest.Path), Cancel);
        return socket;
    }

    private static async Task Say(GuestHttp guest, byte[] bytes)
    {
        using var socket = await Connect(guest);
        try
        {
            await socket.SendAsync(bytes, Cancel);
            socket.Shutdown(SocketShutdown.Send);
            var answer = new byte[4096];
            while (await socket.ReceiveAsync(answer, Cancel) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // The service has hung up, as it may.
        }
    }
}
