using System.Collections.Concurrent;
using System.Globalization;
using Kiln.Blocks.Devices;
using Kiln.Blocks.Metrics;
using Kiln.Blocks.Nbd;
using Kiln.Protocol.Errors;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Kiln.Service.Ec2.Storage;

/// <summary>Serves this node's volumes over NBD on the socket <c>nbd.sock</c> of the data folder, by volume
/// id.</summary>
/// <remarks>
/// The socket is its owner's alone (mode 0600): who can open it can open the files below it anyway. Guests and block
/// tools (<c>qemu-nbd</c>, <c>nbdcopy</c>) read and write a volume through it while cuts and uploads go on.
/// </remarks>
public sealed partial class VolumeExports(
    VolumeDevices devices, IServiceScopeFactory scopes, NodeIdentity node, ServiceOptions options, DomainClock clock,
    BlockMetrics metrics, ILogger<VolumeExports> log) : IHostedService, IDisposable
{
    /// <summary>The kernel's limit for the path of a unix socket, without the final zero.</summary>
    private const int SocketPathBytesMax = 107;

    // One machine's: forty disks, each twice while it moves to a larger export, and those that are not gone yet.
    private const int GuestConnectionsMax = 128;

    private readonly Dictionary<string, (VolumeUse Use, int Connections)> _uses = [];
    private readonly ConcurrentDictionary<string, NbdServer> _guests = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private NbdServer? _server;

    /// <summary>Where the socket is.</summary>
    public string SocketPath => Path.Combine(Path.GetFullPath(options.Data), "nbd.sock");

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (System.Text.Encoding.UTF8.GetByteCount(SocketPath) > SocketPathBytesMax)
        {
            LogPathTooLong(SocketPath, SocketPathBytesMax);
            return Task.CompletedTask;
        }
        _server = new NbdServer(Find, Names, clock.Wall, Release) { Counters = metrics.Nbd };
        _server.ListenUnix(SocketPath);
        devices.Deleting += Drop;
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        Dispose();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        devices.Deleting -= Drop;
        _server?.Dispose();
        _server = null;
        foreach (var instanceId in _guests.Keys)
            StopServing(instanceId);
    }

    /// <summary>Serves some volumes to one machine, on a socket of its own: <c>vol-….8</c> is a volume's first 8 GiB.
    /// </summary>
    /// <remarks>A machine's disk connects again after a restart of this service, when its volume may have grown and the
    /// machine not heard of it.</remarks>
    /// <param name="instanceId">The machine.</param>
    /// <param name="path">The socket.</param>
    /// <param name="mayOpen">Whether it may open a volume; asked for each connection.</param>
    public void Serve(string instanceId, string path, Func<string, bool> mayOpen)
    {
        StopServing(instanceId);
        var server = new NbdServer(
            name => Sized(name) is { } part && mayOpen(part.Volume) ? Find(part.Volume) : null, () => [], clock.Wall,
            name => Release(Sized(name)!.Value.Volume))
        {
            Counters = metrics.Nbd, ConnectionsMax = GuestConnectionsMax,
            SizeMax = name => (long)Sized(name)!.Value.SizeGiB << 30,
        };
        server.ListenUnix(path);
        _guests[instanceId] = server;
    }

    /// <summary>Ends a machine's connections to one volume.</summary>
    public void Disconnect(string instanceId, string volumeId)
    {
        if (_guests.TryGetValue(instanceId, out var server))
            server.Drop(name => Sized(name)?.Volume == volumeId);
    }

    /// <summary>Ends what <see cref="Serve"/> began; nothing happens where it did not.</summary>
    public void StopServing(string instanceId)
    {
        if (_guests.TryRemove(instanceId, out var server))
            server.Dispose();
    }

    // A guest's name for an export; null for anything else.
    private static (string Volume, int SizeGiB)? Sized(string name)
    {
        var dot = name.LastIndexOf('.');
        return dot > 0
            && int.TryParse(name.AsSpan(dot + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var size)
            ? (name[..dot], size) : null;
    }

    // Called on the connection's own thread, which has nothing else to do than wait.
    private VolumeDevice? Find(string name)
    {
        lock (_gate)
        {
            if (_uses.TryGetValue(name, out var open))
            {
                _uses[name] = (open.Use, open.Connections + 1);
                return open.Use.Device;
            }
        }
        using var scope = scopes.CreateScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        var volume = db.Volumes.AsNoTracking().SingleOrDefault(v => v.Id == name && v.NodeId == node.Id);
        if (volume is null || volume.State is not (VolumeState.Available or VolumeState.InUse))
            return null;
        VolumeUse use;
        try
        {
            use = devices.Use(volume, CancellationToken.None).GetAwaiter().GetResult();
        }
        catch (AwsException refusal)
        {
            LogRefused(name, refusal.Message);
            return null;
        }
        lock (_gate)
        {
            if (_uses.TryGetValue(name, out var raced))
            {
                use.Dispose();
                use = raced.Use;
            }
            _uses[name] = (use, raced.Connections + 1);
            return use.Device;
        }
    }

    private string[] Names()
    {
        using var scope = scopes.CreateScope();
        return [.. scope.ServiceProvider.GetRequiredService<Db>().Volumes.AsNoTracking()
            .Where(v => v.NodeId == node.Id && (v.State == VolumeState.Available || v.State == VolumeState.InUse))
            .Select(v => v.Id)];
    }

    private void Release(string name)
    {
        VolumeUse? last = null;
        lock (_gate)
        {
            var (use, connections) = _uses[name];
            if (connections > 1)
                _uses[name] = (use, connections - 1);
            else if (_uses.Remove(name))
                last = use;
        }
        last?.Dispose();
    }

    private void Drop(string volumeId)
    {
        _server?.Drop(volumeId);
        foreach (var instanceId in _guests.Keys)
            Disconnect(instanceId, volumeId);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message =
        "Volumes are not served over NBD: {Path} is longer than the {Max} bytes that a socket's path may have")]
    private partial void LogPathTooLong(string path, int max);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Volume {Name} is not served over NBD: {Reason}")]
    private partial void LogRefused(string name, string reason);
}
