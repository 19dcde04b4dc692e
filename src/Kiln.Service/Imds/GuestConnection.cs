using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Kiln.Service.Imds;

/// <summary>A guest's connection that may be half closed: who has said all is answered all the same.</summary>
/// <remarks>
/// Kestrel takes the end of what a client says for the end of the client, and drops its request. But netcat, in a guest
/// as well as between slirp and the socket, closes its side when it has no more to say.
/// </remarks>
/// <param name="inner">The connection.</param>
/// <param name="onEnd">Called once, when it is over.</param>
internal sealed class GuestConnection(ConnectionContext inner, Action onEnd) : ConnectionContext
{
    private readonly CancellationTokenSource _aborted = new();

    /// <inheritdoc/>
    public override string ConnectionId
    {
        get => inner.ConnectionId;
        set => inner.ConnectionId = value;
    }

    /// <inheritdoc/>
    public override IFeatureCollection Features => inner.Features;

    /// <inheritdoc/>
    public override IDictionary<object, object?> Items
    {
        get => inner.Items;
        set => inner.Items = value;
    }

    /// <inheritdoc/>
    public override IDuplexPipe Transport
    {
        get => inner.Transport;
        set => inner.Transport = value;
    }

    /// <inheritdoc/>
    public override EndPoint? LocalEndPoint => inner.LocalEndPoint;

    /// <inheritdoc/>
    public override EndPoint? RemoteEndPoint => inner.RemoteEndPoint;

    /// <summary>Fires when the connection is ended from this side, not when the client has said all.</summary>
    public override CancellationToken ConnectionClosed => _aborted.Token;

    /// <inheritdoc/>
    public override void Abort(ConnectionAbortedException abortReason)
    {
        _aborted.Cancel();
        inner.Abort(abortReason);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await inner.DisposeAsync();
        await base.DisposeAsync();
        onEnd();
    }
}
