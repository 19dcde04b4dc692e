using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kiln.Tests.Cli;

/// <summary>A web server with one file, which can break off, and which knows ranges or does not.</summary>
internal sealed class ImageHost : IDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly byte[] _file;

    public ImageHost(byte[] file)
    {
        _file = file;
        _listener.Start();
        _ = Task.Run(Accept);
    }

    /// <summary>Whether it answers a range with a range.</summary>
    public bool KnowsRanges { get; init; } = true;

    /// <summary>What it says of the file's state: a line of the head, or nothing.</summary>
    public string State { get; set; } = "ETag: \"one\"";

    /// <summary>What it answers to who asks for the whole file.</summary>
    public string Status { get; init; } = "200 OK";

    /// <summary>Bytes of a body after which the connection ends; all of them unless set.</summary>
    public int Breaks { get; set; } = int.MaxValue;

    /// <summary>What is added to the start of a range: a server that does not do what it says.</summary>
    public int Lies { get; set; }

    /// <summary>The ranges that were asked for; empty where none was.</summary>
    public List<string> Asked { get; } = [];

    /// <summary>The file's address.</summary>
    public string Url => string.Create(CultureInfo.InvariantCulture,
        $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/some-amd64.raw");

    /// <inheritdoc/>
    public void Dispose() => _listener.Dispose();

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await Answer(client.GetStream());
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task Answer(NetworkStream stream)
    {
        using var reader = new StreamReader(stream, leaveOpen: true);
        string? range = null, condition = null;
        while (await reader.ReadLineAsync() is { Length: > 0 } line)
        {
            range = line.StartsWith("Range: ", StringComparison.Ordinal) ? line[7..] : range;
            condition = line.StartsWith("If-Range: ", StringComparison.Ordinal) ? line[10..] : condition;
        }
        Asked.Add(range ?? "");
        var from = KnowsRanges && range is not null && condition is not null
            && State.Contains(condition, StringComparison.Ordinal)
            ? int.Parse(range.AsSpan("bytes=".Length, range.Length - "bytes=".Length - 1), CultureInfo.InvariantCulture)
            : 0;
        var (status, body) = from == 0 ? (Status, _file)
            : from >= _file.Length ? ($"416 Nothing\r\nContent-Range: bytes */{_file.Length}", [])
            : ($"206 Some\r\nContent-Range: bytes {from + Lies}-{_file.Length - 1}/{_file.Length}",
                _file[(from + Lies)..]);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n"
            + $"Date: Wed, 25 Nov 2026 12:00:00 GMT\r\n{State}\r\nConnection: close\r\n\r\n"));
        await stream.WriteAsync(body.AsMemory(0, Math.Min(body.Length, Breaks)));
    }
}
