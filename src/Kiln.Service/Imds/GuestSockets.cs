using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Imds;

/// <summary>A transport for Kestrel over sockets that come and go with guests.</summary>
/// <remarks>
/// Kestrel's own transport binds at its start; this one hands it connections of whatever sockets are open, each marked
/// with its guest. docs/decisions/0009-metadata-over-kestrel.md says why.
/// </remarks>
internal sealed partial class GuestSockets : IConnectionListenerFactory, IConnectionListener, IDisposable
{
    /// <summary>Connections of one guest at once; more wait in the system's queue. cloud-init needs one.</summary>
    public const int ConnectionsMax = 32;

    /// <summary>Connections that wait in the system for one of those.</summary>
    private const int Backlog = 128;

    /// <summary>Requests of one guest under way at once, so that none can keep the database from the others.</summary>
    private const int TurnsMax = 4;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Door> _doors = new(StringComparer.Ordinal);
    private readonly Channel<ConnectionContext> _accepted = Channel.CreateUnbounded<ConnectionContext>();
    private readonly SocketConnectionContextFactory _connections;
    private readonly TimeProvider _wall;
    private readonly ILogger _log;

    /// <summary>Nothing is open yet.</summary>
    public GuestSockets(TimeProvider wall, ILogger<GuestSockets> log)
    {
        (_wall, _log) = (wall, log);
        _connections = new SocketConnectionContextFactory(new SocketConnectionFactoryOptions(), log);
    }

    /// <inheritdoc/>
    public EndPoint EndPoint { get; } = new GuestsEndPoint();

    /// <summary>Takes a guest's connections from a listening socket, which is closed with <see cref="Close"/>. A
    /// socket that the guest had before is closed.</summary>
    public void Open(string instanceId, Socket listening)
    {
        listening.Listen(Backlog);
        var door = new Door(listening);
        if (_doors.TryRemove(instanceId, out var earlier))
            earlier.Dispose();
        _doors[instanceId] = door;
        _ = Accept(instanceId, door);
    }

    /// <summary>Closes a guest's socket; connections that it has end.</summary>
    public void Close(string instanceId)
    {
        if (_doors.TryRemove(instanceId, out var door))
            door.Dispose();
    }

    /// <inheritdoc/>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<IConnectionListener>(this);

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) =>
        await _accepted.Reader.WaitToReadAsync(cancellationToken) && _accepted.Reader.TryRead(out var connection)
            ? connection : null;

    /// <inheritdoc/>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        foreach (var instanceId in _doors.Keys)
            Close(instanceId);
        _accepted.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => UnbindAsync();

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private async Task Accept(string instanceId, Door door)
    {
        try
        {
            while (true)
            {
                await door.Places.WaitAsync(door.Closed);
                await Take(instanceId, door);
            }
        }
        catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
        {
            // The door is closed.
        }
    }

    private async Task Take(string instanceId, Door door)
    {
        Socket socket;
        try
        {
            socket = await door.Listening.AcceptAsync(door.Closed);
        }
        catch (SocketException failure)
        {
            // The process has no files left, say: the guest's next try finds it better.
            LogNotTaken(failure, instanceId);
            door.Places.Release();
            await Task.Delay(Pause, _wall, door.Closed);
            return;
        }
        var made = _connections.Create(socket);
        // Ends the connections of a guest that went.
        var closing = door.Closed.UnsafeRegister(static c => ((ConnectionContext)c!).Abort(), made);
        var connection = new GuestConnection(made, onEnd: () =>
        {
            closing.Dispose();
            door.Places.Release();
        });
        connection.Features.Set(new GuestPeer(instanceId, socket, door.Turns));
        if (!_accepted.Writer.TryWrite(connection))
            await connection.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A metadata connection of {InstanceId} could not be taken")]
    private partial void LogNotTaken(Exception failure, string instanceId);

    /// <summary>A guest's way in.</summary>
    private sealed class Door(Socket listening) : IDisposable
    {
        private readonly CancellationTokenSource _closed = new();

        public Socket Listening { get; } = listening;

        public SemaphoreSlim Places { get; } = new(ConnectionsMax);

        public SemaphoreSlim Turns { get; } = new(TurnsMax);

        public CancellationToken Closed => _closed.Token;

        public void Dispose()
        {
            _closed.Cancel();
            Listening.Dispose();
        }
    }
}
