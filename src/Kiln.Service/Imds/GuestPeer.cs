using System.Net.Sockets;

namespace Kiln.Service.Imds;

/// <summary>Who is at the other end of a connection: known by the socket that took it, never by what is said.</summary>
/// <param name="InstanceId">The guest.</param>
/// <param name="Connection">The connection, for the hop limit.</param>
/// <param name="Turns">Requests of this guest under way at once.</param>
internal sealed record GuestPeer(string InstanceId, Socket Connection, SemaphoreSlim Turns)
{
    // What Linux gives packets by itself.
    private const short UsualHops = 64;

    /// <summary>How far the next answer travels. On a unix socket there are no hops: nothing happens.</summary>
    public void LimitHops(int? hops)
    {
        if (Connection.AddressFamily != AddressFamily.InterNetwork)
            return;
        try
        {
            Connection.Ttl = (short)(hops ?? UsualHops);
        }
        catch (SocketException)
        {
            // The peer has gone, and with it the answer.
        }
    }
}
