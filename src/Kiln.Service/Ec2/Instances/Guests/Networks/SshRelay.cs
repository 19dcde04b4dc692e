using System.Net;
using System.Net.Sockets;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>Leads connections to a machine's public address, on this host's loopback, to its SSH in its namespace.
/// </summary>
/// <remarks>Connections end with Kiln, unlike the machine; the security groups are asked for each.</remarks>
internal sealed class SshRelay : IDisposable
{
    /// <summary>Connections of one machine at once: more than people and tools open to one, and few enough to hold.
    /// </summary>
    private const int ConnectionsMax = 64;

    private static readonly TimeSpan ConnectMax = TimeSpan.FromSeconds(10);

    private readonly Socket _listening;
    private readonly NetworkNamespace _space;
    private readonly IPEndPoint _machine;
    private readonly Func<bool> _isAllowed;
    private readonly TimeProvider _wall;
    private readonly CancellationTokenSource _closed = new();
    private int _connections;

    /// <summary>Begins to listen.</summary>
    /// <exception cref="SocketException">The address cannot be had.</exception>
    public SshRelay(
        IPEndPoint listen, NetworkNamespace space, IPEndPoint machine, Func<bool> isAllowed, TimeProvider wall)
    {
        (_space, _machine, _isAllowed, _wall) = (space, machine, isAllowed, wall);
        _listening = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            _listening.Bind(listen);
            _listening.Listen();
        }
        catch
        {
            _listening.Dispose();
            throw;
        }
        _ = Run();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _closed.Cancel();
        _listening.Dispose();
    }

    private async Task Run()
    {
        try
        {
            while (true)
            {
                var client = await _listening.AcceptAsync(_closed.Token);
                if (_isAllowed() && Volatile.Read(ref _connections) < ConnectionsMax)
                {
                    Interlocked.Increment(ref _connections);
                    _ = Relay(client);
                    continue;
                }
                // A reset, as from a port that nobody listens at.
                client.Close(0);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException or SocketException)
        {
            // Closed.
        }
    }

    private async Task Relay(Socket client)
    {
        try
        {
            using var own = client;
            using var limit = new CancellationTokenSource(ConnectMax, _wall);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _closed.Token);
            using var machine = _space.Stream();
            await machine.ConnectAsync(_machine, either.Token);
            await Task.WhenAll(Pump(client, machine), Pump(machine, client));
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or IOException)
        {
            // One side has gone; so does the other.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
        }
    }

    private async Task Pump(Socket from, Socket to)
    {
        var buffer = new byte[16 * 1024];
        while (await from.ReceiveAsync(buffer, _closed.Token) is var length and > 0)
        {
            for (var sent = 0; sent < length;)
                sent += await to.SendAsync(buffer.AsMemory(sent, length - sent), _closed.Token);
        }
        to.Shutdown(SocketShutdown.Send);
    }
}
