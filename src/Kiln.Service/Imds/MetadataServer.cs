using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Kiln.Service.Imds;

/// <summary>The instance metadata service of this node's guests: HTTP on a socket of each.</summary>
/// <remarks>EC2 User Guide "Use instance metadata to manage your EC2 instance"; docs/metadata.md.</remarks>
public sealed class MetadataServer : IHostedService, IDisposable
{
    /// <summary>The longest request line: the longest path has a tag's key, 128 characters, percent-encoded.</summary>
    private const int RequestLineBytesMax = 2 * 1024;

    /// <summary>Headers of one request together.</summary>
    private const int HeaderBytesMax = 8 * 1024;

    private readonly GuestSockets _sockets;
    private readonly KestrelServer _server;
    private readonly MetadataRequests _requests;

    /// <summary>Nothing is open yet.</summary>
    public MetadataServer(
        IServiceProvider services, MetadataRequests requests, [FromKeyedServices("wall")] TimeProvider wall,
        ILoggerFactory logs)
    {
        _requests = requests;
        _sockets = new GuestSockets(wall, logs.CreateLogger<GuestSockets>());
        var options = new KestrelServerOptions { ApplicationServices = services, AddServerHeader = false };
        options.Limits.MaxRequestLineSize = RequestLineBytesMax;
        options.Limits.MaxRequestHeadersTotalSize = HeaderBytesMax;
        options.Limits.MaxRequestHeaderCount = 50;
        options.Limits.MaxRequestBufferSize = RequestLineBytesMax + HeaderBytesMax;
        options.Limits.MaxRequestBodySize = 1024;
        // A slow guest holds one of its own places for so long; cloud-init asks again within a second.
        options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
        options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(15);
        options.Listen(_sockets.EndPoint, listen => listen.Protocols = HttpProtocols.Http1);
        _server = new KestrelServer(Options.Create(options), _sockets, logs);
    }

    /// <summary>Answers an instance on a unix socket, which is made; an earlier file of that name goes.</summary>
    /// <param name="instanceId">The guest that alone can reach the socket.</param>
    /// <param name="path">Up to 107 bytes.</param>
    /// <param name="mode">Who may connect.</param>
    /// <exception cref="SocketException">The socket cannot be made.</exception>
    public void Open(string instanceId, string path, UnixFileMode mode)
    {
        File.Delete(path);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(path));
            File.SetUnixFileMode(path, mode);
            _sockets.Open(instanceId, socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Answers an instance on a socket that is bound and that it alone can reach; taken over.</summary>
    public void Open(string instanceId, Socket bound) => _sockets.Open(instanceId, bound);

    /// <summary>Stops answering an instance. Does nothing where it is not answered.</summary>
    public void Close(string instanceId)
    {
        _sockets.Close(instanceId);
        _requests.Forget(instanceId);
    }

    /// <inheritdoc/>
    public Task StartAsync(CancellationToken cancellationToken) => _server.StartAsync(_requests, cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(CancellationToken cancellationToken) => _server.StopAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose()
    {
        _server.Dispose();
        _sockets.Dispose();
    }
}
