using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Signing;

namespace Kiln.Load;

/// <summary>One keep-alive connection that posts signed EC2 queries and reads whole answers. As thin as a client can
/// be.</summary>
internal sealed class Connection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly Signer _signer;
    private readonly string _host;
    private byte[] _buffer = new byte[1 << 16];

    public Connection(Uri url)
    {
        _host = url.Authority;
        _signer = new Signer(Seed.Account, "test", null, Seed.Region, "ec2");
        _socket.Connect(url.Host, url.Port);
    }

    /// <summary>Posts a query and returns the body; the memory holds until the next call.</summary>
    /// <exception cref="InvalidOperationException">The answer is not a 200.</exception>
    public ReadOnlyMemory<byte> Post(string query)
    {
        var body = Encoding.ASCII.GetBytes(query);
        var headers = new Dictionary<string, string>
        {
            ["host"] = _host, ["content-type"] = "application/x-www-form-urlencoded; charset=utf-8",
        };
        var request = new WireRequest { Method = "POST", Path = "/", Headers = headers, Body = body };
        var head = new StringBuilder("POST / HTTP/1.1\r\n");
        foreach (var (name, value) in headers.Concat(_signer.Sign(request, DateTimeOffset.UtcNow)))
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        head.Append(CultureInfo.InvariantCulture, $"content-length: {body.Length}\r\n\r\n{query}");
        _socket.Send(Encoding.ASCII.GetBytes(head.ToString()));
        return Receive();
    }

    public void Dispose() => _socket.Dispose();

    private ReadOnlyMemory<byte> Receive()
    {
        var have = 0;
        int end;
        while ((end = _buffer.AsSpan(0, have).IndexOf("\r\n\r\n"u8)) < 0)
            have += Read(have);
        var head = Encoding.ASCII.GetString(_buffer, 0, end);
        var at = head.IndexOf("Content-Length: ", StringComparison.OrdinalIgnoreCase) + "Content-Length: ".Length;
        var stop = head.IndexOf('\r', at);
        var length = int.Parse(
            stop < 0 ? head.AsSpan(at) : head.AsSpan(at, stop - at), NumberStyles.None, CultureInfo.InvariantCulture);
        var total = end + 4 + length;
        while (have < total)
            have += Read(have);
        if (!head.StartsWith("HTTP/1.1 200", StringComparison.Ordinal))
            throw new InvalidOperationException(Encoding.UTF8.GetString(_buffer, 0, total));
        return _buffer.AsMemory(end + 4, length);
    }

    private int Read(int have)
    {
        if (have == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        var read = _socket.Receive(_buffer.AsSpan(have));
        return read > 0 ? read : throw new InvalidOperationException("The server closed the connection.");
    }
}
