using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Kiln.Blocks.Devices;

namespace Kiln.Blocks.Nbd;

/// <summary>Serves devices to QEMU and tools over NBD: a thread a connection, never a task a request.</summary>
/// <remarks>
/// When it stops, connections are dropped without an error reply: a guest that is told EIO fails its file system, one
/// whose connection drops waits and reconnects.
/// </remarks>
public sealed class NbdServer : IAsyncDisposable, IDisposable
{
    /// <summary>Seconds in which a client must have chosen an export: who only holds a connection open is no
    /// client.</summary>
    public const int HandshakeSecondsMax = 10;

    private readonly Func<string, IDevice?> find;
    private readonly Func<IEnumerable<string>> names;
    private readonly TimeProvider clock;
    private readonly Action<string>? released;
    private readonly TimeSpan handshakeWithin;
    private readonly ConcurrentDictionary<Socket, (string Name, Thread Thread)> connections = new();
    private readonly List<Socket> listeners = [];
    private readonly List<string> paths = [];
    private readonly ConcurrentDictionary<string, bool> distrusted = new(StringComparer.Ordinal);
    private volatile bool stopping;

    /// <summary>Makes a server that listens nowhere yet.</summary>
    /// <param name="find">Gives the device of an export name; null when there is none. Called on connection threads.
    /// </param>
    /// <param name="names">The names that a client may list.</param>
    /// <param name="clock">The wall clock.</param>
    /// <param name="released">Called once for each device that <paramref name="find"/> gave, when its connection has
    /// ended.</param>
    public NbdServer(
        Func<string, IDevice?> find, Func<IEnumerable<string>> names, TimeProvider clock,
        Action<string>? released = null)
        : this(find, names, clock, released, TimeSpan.FromSeconds(HandshakeSecondsMax))
    {
    }

    internal NbdServer(
        Func<string, IDevice?> find, Func<IEnumerable<string>> names, TimeProvider clock, Action<string>? released,
        TimeSpan handshakeWithin)
    {
        this.handshakeWithin = handshakeWithin;
        this.released = released;
        this.find = find;
        this.names = names;
        this.clock = clock;
    }

    /// <summary>Most connections at a time; each has a thread and at most 0.9 MiB of buffers.</summary>
    public int ConnectionsMax { get; init; } = 1024;

    /// <summary>The most bytes that an export shows of its device; all of them by default. A client that connects again
    /// gives up where the size is not what it was, so one that is to last names the size that it wants.</summary>
    public Func<string, long> SizeMax { get; init; } = _ => long.MaxValue;

    /// <summary>What counts requests; null for nothing.</summary>
    public NbdCounters? Counters { get; init; }

    /// <summary>Connections being served.</summary>
    public int Connections => connections.Count;

    /// <summary>Listens on a unix socket, mode 0600, replacing a file that a dead server left.</summary>
    public void ListenUnix(string path)
    {
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            paths.Add(path);
            Listen(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Listens on TCP, loopback only: NBD has no authentication. Returns the port.</summary>
    /// <param name="port">The port, or 0 for any.</param>
    public int ListenLoopback(int port)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            Listen(socket);
            return ((IPEndPoint)socket.LocalEndPoint!).Port;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Drops the connections of an export and waits for their threads; its device may then close.</summary>
    public void Drop(string name) => Drop(n => n == name);

    /// <summary>Drops the connections of all exports whose name is so, and waits for their threads.</summary>
    public void Drop(Predicate<string> isIt)
    {
        foreach (var (socket, connection) in connections)
        {
            if (isIt(connection.Name)) Close(socket, connection.Thread);
        }
    }

    /// <summary>Stops listening, drops all connections, and waits for their threads.</summary>
    public void Dispose()
    {
        lock (listeners)
        {
            if (stopping) return;
            stopping = true;
            foreach (var listener in listeners) listener.Dispose();
        }

        foreach (var (socket, connection) in connections) Close(socket, connection.Thread);
        foreach (var path in paths) File.Delete(path);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Listen(Socket socket)
    {
        socket.Listen(128);
        lock (listeners) listeners.Add(socket);
        new Thread(() => Accept(socket)) { IsBackground = true, Name = "kiln-nbd-accept" }.Start();
    }

    private void Accept(Socket listener)
    {
        while (!stopping)
        {
            try
            {
                Begin(listener.Accept());
            }
            catch (SocketException) when (!stopping)
            {
                // One that went away before it was accepted, or a shortage that passes; the listener is still good.
                Thread.Yield();
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void Begin(Socket socket)
    {
        // Together, so that whoever finds the thread in the list can wait for it.
        lock (listeners)
        {
            if (stopping || connections.Count >= ConnectionsMax)
            {
                socket.Dispose();
                return;
            }

            var thread = new Thread(() => Serve(socket)) { IsBackground = true, Name = "kiln-nbd" };
            connections[socket] = ("", thread);
            thread.Start();
        }
    }

    private void Serve(Socket socket)
    {
        var found = new List<string>();
        var tally = new NbdTally(Counters);
        Counters?.Opened();
        try
        {
            using var stream = new NbdStream(socket, clock);
            stream.SetDeadline(handshakeWithin);
            var handshake = new NbdHandshake(
                stream,
                name =>
                {
                    // From here on a drop of this export finds the connection.
                    connections[socket] = (name, Thread.CurrentThread);
                    var device = find(name);
                    if (device is not null) found.Add(name);
                    return device;
                },
                names, SizeMax);
            if (handshake.Run() is { } export)
            {
                stream.ClearDeadline();
                var name = connections[socket].Name;
                new NbdTransmission(stream, export with
                {
                    ByReference = !distrusted.ContainsKey(name), Distrust = () => distrusted[name] = true,
                }, tally).Run();
            }

            stream.Send();
        }
        catch (Exception)
        {
            // The peer left, broke the protocol, or its device was closed: the connection ends, and nothing else. Not
            // even a bug of ours may take the other guests' disks with it.
        }
        finally
        {
            foreach (var name in found) released?.Invoke(name);
            connections.TryRemove(socket, out _);
            tally.Flush();
            Counters?.Closed();
            socket.Dispose();
        }
    }

    private static void Close(Socket socket, Thread thread)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }

        if (thread != Thread.CurrentThread) thread.Join();
        socket.Dispose();
    }
}
