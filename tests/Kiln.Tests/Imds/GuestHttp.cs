using System.Net;
using System.Net.Sockets;
using Kiln.Service.Imds;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Imds;

/// <summary>What runs in a guest: HTTP to the metadata service over the socket of one instance.</summary>
internal sealed class GuestHttp : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kiln-imds-").FullName;
    private readonly HttpClient _http;

    /// <summary>Opens the socket of an instance.</summary>
    public GuestHttp(TestServer server, string instanceId)
    {
        Path = System.IO.Path.Combine(_folder, "s");
        server.Server.Services.GetRequiredService<MetadataServer>()
            .Open(instanceId, Path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Path), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        {
            BaseAddress = new Uri("http://169.254.169.254"),
        };
    }

    /// <summary>The socket.</summary>
    public string Path { get; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Sends a request with these headers.</summary>
    public async Task<(int Status, byte[] Body)> Send(
        HttpMethod method, string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path);
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var response = await _http.SendAsync(request, Cancel);
        return ((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(Cancel));
    }

    /// <summary>The status of a plain read.</summary>
    public async Task<int> Status(string path, params (string Name, string Value)[] headers) =>
        (await Send(HttpMethod.Get, path, headers)).Status;

    /// <summary>The text of a file or folder, which has to be there.</summary>
    public async Task<string> Text(string path, params (string Name, string Value)[] headers)
    {
        var (status, body) = await Send(HttpMethod.Get, path, headers);
        Assert.True(status == (int)HttpStatusCode.OK, $"{path}: {status}");
        return System.Text.Encoding.UTF8.GetString(body);
    }

    /// <summary>The text of a file below <c>/latest/meta-data/</c>.</summary>
    public Task<string> Meta(string path, params (string Name, string Value)[] headers) =>
        Text("/latest/meta-data/" + path, headers);

    /// <summary>A token as a header.</summary>
    public async Task<(string Name, string Value)> Token(int seconds = 60)
    {
        var (status, body) = await Send(HttpMethod.Put, "/latest/api/token",
            ("X-aws-ec2-metadata-token-ttl-seconds", $"{seconds}"));
        Assert.Equal(200, status);
        return ("X-aws-ec2-metadata-token", System.Text.Encoding.ASCII.GetString(body));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
