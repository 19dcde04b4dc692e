using System.Net;
using System.Net.Sockets;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>Gives one machine its address, on a socket bound to its device: who asks there is that machine.</summary>
internal sealed class DhcpServer : IDisposable
{
    // The largest datagram that a card with the usual MTU brings.
    private const int MessageBytesMax = 1500;

    private static readonly IPEndPoint Everybody = new(IPAddress.Broadcast, 68);
    private readonly Socket _socket;
    private readonly DhcpLease _lease;

    /// <summary>Begins to answer.</summary>
    /// <param name="bound">A UDP socket on port 67 of the machine's device; taken over.</param>
    /// <param name="lease">What the machine gets.</param>
    public DhcpServer(Socket bound, DhcpLease lease)
    {
        (_socket, _lease) = (bound, lease);
        _ = Run();
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private async Task Run()
    {
        var buffer = new byte[MessageBytesMax];
        var from = new SocketAddress(AddressFamily.InterNetwork);
        while (true)
        {
            try
            {
                var length = await _socket.ReceiveFromAsync(buffer, SocketFlags.None, from);
                if (DhcpMessage.Read(buffer.AsSpan(0, length)) is { } message && AnswerTo(message) is { } answer)
                    await _socket.SendToAsync(message.Answer(answer, _lease), Everybody);
            }
            catch (ObjectDisposedException)
            {
                return;
            }
            catch (SocketException) when (_socket.SafeHandle.IsClosed)
            {
                return;
            }
            catch (SocketException)
            {
                // A datagram that was too long, or a device that is down: the client asks again.
            }
        }
    }

    private byte? AnswerTo(DhcpMessage message) => message.Kind switch
    {
        DhcpMessage.Discover => DhcpMessage.Offer,
        DhcpMessage.Request when message.Wanted.Equals(_lease.Address) => DhcpMessage.Acknowledge,
        // A machine that remembers another address, as one from an image of a running system does, starts over.
        DhcpMessage.Request => DhcpMessage.Refuse,
        DhcpMessage.Inform => DhcpMessage.Acknowledge,
        _ => null,
    };
}
