using System.Globalization;
using System.Text;
using Kiln.Tests.Ebs;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Fuzz;

/// <summary>
/// Signed calls of the EBS direct APIs that are almost right: paths, queries, headers, tokens and bodies with something
/// turned in them. A 4xx in their own words or the true answer, never a 5xx and never another block.
/// </summary>
public sealed class HostileBlocksTests(TestServer server) : IClassFixture<TestServer>, IDisposable
{
    private const int Requests = 400;

    private static readonly string[] Values =
    [
        "", "0", "-1", "1", "2047", "2048", "2147483648", "99999999999999999999", "1.5", "NaN", "null", "true",
        "SHA256", "LINEAR", "MD5", "snap-00000000000000000", "snap-0", "vol-01234567890abcdef", "..%2F..", "%00",
        "AAAA", "e30=", "!!!", "524288", "524289", new string('9', 400), new string('A', 3000),
    ];

    private readonly EbsClient _client = new(server);

    [Fact]
    public async Task Calls_that_are_almost_right_get_the_truth_or_a_refusal()
    {
        var random = new Random(20_261_126);
        var (first, second) = (EbsClient.Block(1), EbsClient.Block(2));
        var a = await _client.Make(new Dictionary<int, byte[]> { [0] = first, [7] = second });
        var b = await _client.Make(new Dictionary<int, byte[]> { [0] = second });
        var open = await _client.Start();
        var tokens = (await _client.List(a)).Json["Blocks"]!.AsArray()
            .Select(t => (string)t!["BlockToken"]!).ToArray();
        var faults = new List<string>();
        for (var n = 0; n < Requests; n++)
        {
            var (method, path, body, headers) = Call(random, n % 7, a, b, open, tokens, first);
            for (var turns = random.Next(1, 3); turns > 0; turns--) Turn(random, ref path, ref body, headers);
            var answer = await _client.Send(
                method, path, body, hashed: true, [.. headers.Select(h => (h.Key, h.Value))]);
            if (answer.Status >= 500)
                faults.Add($"{method} {path[..Math.Min(200, path.Length)]} → {answer.Status} {answer.Text}");
            if (n % 7 == 0 && answer.Status == 200)
                Assert.True(answer.Body.AsSpan().SequenceEqual(first) || answer.Body.AsSpan().SequenceEqual(second));
        }

        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(20)));

        // Nothing of it has changed what was completed.
        Assert.Equal(first, (await _client.Get(a, 0, tokens[0])).Body);
        Assert.Equal(2, (await _client.List(a)).Json["Blocks"]!.AsArray().Count);
    }

    public void Dispose() => _client.Dispose();

    private static (HttpMethod Method, string Path, byte[]? Body, Dictionary<string, string> Headers) Call(
        Random random, int kind, string a, string b, string open, string[] tokens, byte[] block)
    {
        var token = Uri.EscapeDataString(tokens[random.Next(tokens.Length)]);
        return kind switch
        {
            0 => (HttpMethod.Get, $"/snapshots/{a}/blocks/{random.Next(2) * 7}?blockToken={token}", null, []),
            1 => (HttpMethod.Get, $"/snapshots/{a}/blocks?maxResults=100&startingBlockIndex=1", null, []),
            2 => (HttpMethod.Get, $"/snapshots/{b}/changedblocks?firstSnapshotId={a}&maxResults=100", null, []),
            3 => (HttpMethod.Post, "/snapshots", Encoding.UTF8.GetBytes(
                $$"""{"VolumeSize":1,"Description":"x","Timeout":60,"ParentSnapshotId":"{{a}}","Tags":[]}"""), []),
            4 or 5 => (HttpMethod.Put, $"/snapshots/{open}/blocks/{random.Next(4)}", block, new()
            {
                ["x-amz-Data-Length"] = block.Length.ToString(CultureInfo.InvariantCulture),
                ["x-amz-Checksum"] = EbsClient.Sha(block), ["x-amz-Checksum-Algorithm"] = "SHA256",
                ["x-amz-Progress"] = "10",
            }),
            _ => (HttpMethod.Post, $"/snapshots/completion/{open}", null, new()
            {
                ["x-amz-ChangedBlocksCount"] = "999", ["x-amz-Checksum"] = EbsClient.Sha(block),
                ["x-amz-Checksum-Algorithm"] = "SHA256", ["x-amz-Checksum-Aggregation-Method"] = "LINEAR",
            }),
        };
    }

    private static void Turn(Random random, ref string path, ref byte[]? body, Dictionary<string, string> headers)
    {
        var value = Values[random.Next(Values.Length)];
        switch (random.Next(4))
        {
            case 0 when headers.Count > 0:
                var name = headers.Keys.ElementAt(random.Next(headers.Count));
                if (random.Next(3) == 0) headers.Remove(name);
                else headers[name] = value;
                break;
            case 1 when body is { Length: > 0 }:
                if (random.Next(3) == 0) body = body[..random.Next(body.Length)];
                else body = [.. body];
                if (body.Length > 0) body[random.Next(body.Length)] ^= (byte)(1 << random.Next(8));
                break;
            case 2 when path.Length > 1:
                // A letter of the path or query, which may be one of a token.
                var at = random.Next(1, path.Length);
                if (char.IsAsciiLetterOrDigit(path[at]) && path[at - 1] != '%' && (at < 2 || path[at - 2] != '%'))
                    path = path[..at] + "abcXYZ059"[random.Next(9)] + path[(at + 1)..];
                break;
            default:
                // One piece of it as a whole.
                var ends = path.Select((c, i) => (c, i)).Where(p => p.c is '/' or '=' or '&' or '?').ToList();
                var (_, start) = ends[random.Next(ends.Count)];
                var end = path.IndexOfAny(['/', '=', '&', '?'], start + 1);
                path = path[..(start + 1)] + Uri.EscapeDataString(value) + (end < 0 ? "" : path[end..]);
                break;
        }
    }
}
