using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Kiln.Blocks;
using Kiln.Protocol.Signing;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Ebs;

/// <summary>The EBS direct APIs over signed HTTP: there is no SDK for them among the tests' packages.</summary>
public sealed class EbsClient(TestServer server, string account = TestServer.A, string region = "us-east-1")
    : IDisposable
{
    private readonly HttpClient _http = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A block whose content depends on a seed.</summary>
    public static byte[] Block(int seed)
    {
        var block = new byte[global::Kiln.Blocks.Block.Size];
        new Random(seed).NextBytes(block);
        return block;
    }

    public static string Sha(byte[] bytes) => Convert.ToBase64String(SHA256.HashData(bytes));

    public async Task<EbsAnswer> Send(
        HttpMethod method, string path, byte[]? body = null, bool hashed = true,
        params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, new Uri(server.Server.Url + path));
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        if (!hashed)
            request.Headers.TryAddWithoutValidation("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        if (body is not null)
            request.Content = new ByteArrayContent(body);
        if (hashed)
        {
            new Signer(account, "test", null, region, "ebs").Sign(request, body ?? [], TimeProvider.System.GetUtcNow());
        }
        else
        {
            var wire = new Kiln.Protocol.Codecs.WireRequest
            {
                Method = method.Method,
                Path = request.RequestUri!.AbsolutePath,
                QueryString = request.RequestUri.Query.TrimStart('?'),
                Headers = headers.Append(("host", request.RequestUri.Authority))
                    .ToDictionary(h => h.Item1.ToLowerInvariant(), h => h.Item2),
            };
            request.Headers.Remove("x-amz-content-sha256");
            foreach (var (name, value) in new Signer(account, "test", null, region, "ebs")
                .Sign(wire, TimeProvider.System.GetUtcNow(), SigV4.UnsignedPayload))
                request.Headers.TryAddWithoutValidation(name, value);
        }
        using var answer = await _http.SendAsync(request, Cancel);
        return new EbsAnswer((int)answer.StatusCode, await answer.Content.ReadAsByteArrayAsync(Cancel),
            answer.Headers.Concat(answer.Content.Headers)
                .ToDictionary(h => h.Key.ToLowerInvariant(), h => h.Value.First()));
    }

    public Task<EbsAnswer> Start(JsonObject request) =>
        Send(HttpMethod.Post, "/snapshots", Encoding.UTF8.GetBytes(request.ToJsonString()));

    public async Task<string> Start(int gib = 1)
    {
        var answer = await Start(new JsonObject { ["VolumeSize"] = gib });
        Assert.True(answer.Status == 201, answer.Text);
        return (string)answer.Json["SnapshotId"]!;
    }

    public Task<EbsAnswer> Put(
        string snapshot, int index, byte[] block, string? checksum = null, int? length = null, bool hashed = true) =>
        Send(HttpMethod.Put, $"/snapshots/{snapshot}/blocks/{index}", block, hashed,
            ("x-amz-Data-Length", (length ?? block.Length).ToString(CultureInfo.InvariantCulture)),
            ("x-amz-Checksum", checksum ?? Sha(block)), ("x-amz-Checksum-Algorithm", "SHA256"));

    public Task<EbsAnswer> Complete(string snapshot, int count, string? checksum = null) => Send(
        HttpMethod.Post, $"/snapshots/completion/{snapshot}", null, true,
        [("x-amz-ChangedBlocksCount", count.ToString(CultureInfo.InvariantCulture)),
            .. checksum is null ? Array.Empty<(string, string)>()
                : [("x-amz-Checksum", checksum), ("x-amz-Checksum-Algorithm", "SHA256"),
                    ("x-amz-Checksum-Aggregation-Method", "LINEAR")]]);

    /// <summary>Writes blocks and waits until the snapshot is sealed.</summary>
    public async Task<string> Make(IReadOnlyDictionary<int, byte[]> blocks, JsonObject? request = null)
    {
        var start = await Start(request ?? new JsonObject { ["VolumeSize"] = 1 });
        Assert.True(start.Status == 201, start.Text);
        var id = (string)start.Json["SnapshotId"]!;
        foreach (var (index, block) in blocks)
        {
            var put = await Put(id, index, block);
            Assert.True(put.Status == 201, put.Text);
        }
        var complete = await Complete(id, blocks.Count);
        Assert.True(complete.Status == 202, complete.Text);
        await Sealed(id);
        return id;
    }

    /// <summary>Waits until a snapshot can be listed.</summary>
    public Task Sealed(string snapshot) => TestServer.Eventually(
        async () => (await List(snapshot)).Status, status => status == 200);

    public Task<EbsAnswer> List(string snapshot, string query = "") =>
        Send(HttpMethod.Get, $"/snapshots/{snapshot}/blocks{query}");

    public Task<EbsAnswer> Changed(string first, string second, string query = "") =>
        Send(HttpMethod.Get, $"/snapshots/{second}/changedblocks?firstSnapshotId={first}{query}");

    public Task<EbsAnswer> Get(string snapshot, int index, string token) =>
        Send(HttpMethod.Get, $"/snapshots/{snapshot}/blocks/{index}?blockToken={Uri.EscapeDataString(token)}");

    public void Dispose() => _http.Dispose();
}
