using System.Net.Sockets;
using System.Text.Json;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A unix socket that carries JSON objects, one a line: QMP's and the guest agent's transport.</summary>
internal sealed class LineStream : IDisposable
{
    private readonly Socket _socket;
    private readonly int _lineBytesMax;
    private byte[] _buffer = new byte[4096];
    private int _start;
    private int _end;

    private LineStream(Socket socket, int lineBytesMax)
    {
        _socket = socket;
        _lineBytesMax = lineBytesMax;
    }

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public static async Task<LineStream> Connect(string path, int lineBytesMax, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
            // The folder is the machine's: what stands there may lead to somebody else's socket.
            if (Posix.PeerOf(socket) != Posix.OwnerOf(System.IO.Path.GetDirectoryName(path)!))
                throw new IOException($"{path} is not served by the owner of its folder.");
            return new LineStream(socket, lineBytesMax);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Writes one message and a line end.</summary>
    public async Task Write(ReadOnlyMemory<byte> message, CancellationToken cancel)
    {
        var line = new byte[message.Length + 1];
        message.CopyTo(line);
        line[^1] = (byte)'\n';
        for (var sent = 0; sent < line.Length;)
            sent += await _socket.SendAsync(line.AsMemory(sent), SocketFlags.None, cancel);
    }

    /// <summary>Drops what came up to a byte, and the byte.</summary>
    /// <param name="mark">The byte.</param>
    /// <param name="bytesMax">How much may be dropped before this gives up.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="IOException">The connection ended, or too much came first.</exception>
    public async Task SkipTo(byte mark, int bytesMax, CancellationToken cancel)
    {
        for (var dropped = 0; dropped <= bytesMax;)
        {
            var at = _buffer.AsSpan(_start, _end - _start).IndexOf(mark);
            if (at >= 0)
            {
                _start += at + 1;
                return;
            }
            dropped += _end - _start;
            _start = _end = 0;
            await Fill(cancel);
        }
        throw new IOException("The other side talks without answering.");
    }

    /// <summary>Reads one line as a JSON object.</summary>
    /// <param name="cancel">Ends the wait.</param>
    /// <param name="bytesMax">How long this line may be, where that is not the usual.</param>
    /// <exception cref="IOException">The connection ended, the line is too long, or it is no JSON object.</exception>
    public async Task<JsonElement> ReadJson(CancellationToken cancel, int? bytesMax = null)
    {
        var most = bytesMax ?? _lineBytesMax;
        var seen = 0;
        while (true)
        {
            var at = _buffer.AsSpan(_start + seen, _end - _start - seen).IndexOf((byte)'\n');
            if (at >= 0)
            {
                var line = _buffer.AsMemory(_start, seen + at);
                _start += line.Length + 1;
                return Parse(line);
            }
            seen = _end - _start;
            if (seen > most)
                throw new IOException($"A line of more than {most} bytes.");
            await Fill(cancel);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private static JsonElement Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new IOException("A line that is no JSON object.");
        }
        catch (JsonException broken)
        {
            throw new IOException("A line that is no JSON object.", broken);
        }
    }

    private async Task Fill(CancellationToken cancel)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
            Array.Resize(ref _buffer, _buffer.Length * 2);
        int read;
        try
        {
            read = await _socket.ReceiveAsync(_buffer.AsMemory(_end), SocketFlags.None, cancel);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            throw new IOException("The connection broke.", failure);
        }
        if (read == 0)
            throw new IOException("The connection has ended.");
        _end += read;
    }
}
