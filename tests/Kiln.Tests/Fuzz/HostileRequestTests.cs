using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Kiln.Protocol.Shapes;
using Kiln.Protocol.Signing;
using Kiln.Service.Calls;
using Kiln.Tests.Fixtures;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Tests.Fuzz;

/// <summary>Hostile requests over HTTP: whatever comes, no 5xx, no crash, and the service answers afterwards.</summary>
public sealed class HostileRequestTests(TestServer server) : IClassFixture<TestServer>
{
    private const int RequestsPerOperation = 12;
    private const int RawRequests = 300;

    private static readonly string[] Values =
    [
        "", " ", "0", "-1", "1", "2147483648", "99999999999999999999", "NaN", "true", "TRUE", "null", "*", "a*?\\", "%",
            "\0", "\u0001\uFFFF",
        "<x>&amp;]]>", "'; DROP TABLE \"Images\"; --", "../../etc/passwd", "ami-00000000000000000", "snap-00000000",
            "vol-0", "i-01234567890abcdef",
        "arn:aws:kms:us-east-1:111111111111:key/x", "alias/aws/ebs", "resolve:ssm:/a", "2026-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999Z",
        "111111111111", "self", "all", "gp3", "x86_64", "/dev/xvda", "image", "\U0001F525", new string('x', 300),
            new string('9', 5000), "e30=", "!!!",
    ];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_operation_refuses_hostile_values_in_its_own_words()
    {
        using var http = new HttpClient { BaseAddress = new Uri(server.Server.Url) };
        var random = new Random(20261123);
        var faults = new List<string>();
        foreach (var service in server.Server.Services.GetRequiredService<OperationTable>().Services)
        {
            foreach (var operation in service.Operations.Values)
            {
                for (var n = 0; n < RequestsPerOperation; n++)
                {
                    var (status, sent, body) = await Send(http, service.Name, operation, random);
                    if ((int)status >= 500)
                        faults.Add($"{service.Name}:{operation.Shape.Name} answered {(int)status} to {sent}: {body}");
                }
            }
        }
        Assert.True(faults.Count == 0, string.Join('\n', faults.Take(20)));
        await AssertHealthy(http);
    }

    [Fact]
    public async Task Raw_bytes_on_the_socket_harm_nobody()
    {
        var random = new Random(42);
        var address = new Uri(server.Server.Url);
        var good = Encoding.ASCII.GetBytes(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
            "Authorization: AWS4-HMAC-SHA256 " +
            "Credential=111111111111/20261123/us-east-1/ec2/aws4_request, " +
            "SignedHeaders=host;x-amz-date, Signature=00\r\n" +
            "X-Amz-Date: 20261123T000000Z\r\nContent-Length: 42\r\n\r\nAction=DescribeImages&Version=2016-11-15&x=");
        for (var n = 0; n < RawRequests; n++)
        {
            var bytes = (byte[])good.Clone();
            for (var flips = random.Next(1, 12); flips > 0; flips--)
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 5000 };
            await socket.ConnectAsync(address.Host, address.Port, Cancel);
            await socket.SendAsync(bytes.AsMemory(0, random.Next(1, bytes.Length + 1)), Cancel);
            socket.Shutdown(SocketShutdown.Send);
            var answer = new byte[4096];
            var length = 0;
            try
            {
                length = await socket.ReceiveAsync(answer, Cancel);
            }
            catch (SocketException)
            {
                // Cut off: a fair answer to bytes that are no HTTP.
            }
            // 505 is the right word for bytes that name another version of HTTP.
            Assert.DoesNotMatch("^HTTP/1.1 50[0-4]", Encoding.ASCII.GetString(answer, 0, length));
        }
        using var http = new HttpClient { BaseAddress = address };
        await AssertHealthy(http);
    }

    [Fact]
    public async Task A_body_beyond_the_limit_is_refused_before_it_is_read()
    {
        using var http = new HttpClient { BaseAddress = new Uri(server.Server.Url) };
        using var content = new ByteArrayContent(new byte[3 * 1024 * 1024]);
        HttpStatusCode? status = null;
        try
        {
            using var answer = await http.PostAsync(new Uri("/", UriKind.Relative), content, Cancel);
            status = answer.StatusCode;
        }
        catch (HttpRequestException)
        {
            // The server answered and closed while the client was still sending.
        }
        if (status is not null)
            Assert.Equal(HttpStatusCode.RequestEntityTooLarge, status);
        await AssertHealthy(http);
    }

    [Theory]
    [InlineData("Origin", "http://elsewhere.example")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task A_web_page_that_signs_with_the_well_known_keys_gets_nothing(string header, string value)
    {
        var before = server.Clock.Offset;
        using var http = new HttpClient();
        async Task<HttpStatusCode> Ask(HttpMethod method, string path, bool page)
        {
            using var request = new HttpRequestMessage(method, new Uri(server.Server.Url + path));
            new Signer(TestServer.A, "test", null, "us-east-1", "ec2")
                .Sign(request, ReadOnlyMemory<byte>.Empty, TimeProvider.System.GetUtcNow());
            if (page)
                request.Headers.Add(header, value);
            using var answer = await http.SendAsync(request, Cancel);
            return answer.StatusCode;
        }
        const string Call = "/?Action=DescribeRegions&Version=2016-11-15";

        Assert.Equal(HttpStatusCode.OK, await Ask(HttpMethod.Get, Call, page: false));
        Assert.Equal(HttpStatusCode.Forbidden, await Ask(HttpMethod.Get, Call, page: true));
        Assert.Equal(HttpStatusCode.Forbidden, await Ask(HttpMethod.Post, "/_kiln/clock?advance=1d", page: true));
        Assert.Equal(before, server.Clock.Offset);
    }

    private static async Task AssertHealthy(HttpClient http)
    {
        using var health = await http.GetAsync(new Uri("/_kiln/health", UriKind.Relative), Cancel);
        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
    }

    private static async Task<(HttpStatusCode Status, string Sent, string Body)> Send(
        HttpClient http, string service, OperationEntry operation, Random random)
    {
        var shape = Shape.Of(operation.Shape.Request);
        using var request = new HttpRequestMessage();
        byte[] body;
        if (operation.Shape.UriTemplate is { } template)
        {
            request.Method = new HttpMethod(operation.Shape.Method!);
            request.RequestUri = new Uri(http.BaseAddress!, Path(template, random) + Query(random));
            body = Encoding.UTF8.GetBytes(Json(shape, random, 0).ToJsonString());
        }
        else if (service is "ec2" or "sts" or "iam" or "autoscaling")
        {
            request.Method = HttpMethod.Post;
            request.RequestUri = http.BaseAddress;
            var form = new StringBuilder($"Action={operation.Shape.Name}&Version=2016-11-15");
            Form(form, "", shape, random, 0);
            body = Encoding.UTF8.GetBytes(form.ToString());
        }
        else
        {
            request.Method = HttpMethod.Post;
            request.RequestUri = http.BaseAddress;
            var target = $"{(service == "kms" ? "TrentService" : "Kiln")}.{operation.Shape.Name}";
            request.Headers.TryAddWithoutValidation("X-Amz-Target", target);
            body = Encoding.UTF8.GetBytes(Json(shape, random, 0).ToJsonString());
        }
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type",
            service is "kms" or "kiln" ? "application/x-amz-json-1.1" : service == "ebs" ? "application/json"
                : "application/x-www-form-urlencoded");
        new Signer(TestServer.A, "test", null, "us-east-1", service)
            .Sign(request, body, TimeProvider.System.GetUtcNow());
        using var answer = await http.SendAsync(request, Cancel);
        return (answer.StatusCode, $"{request.RequestUri} {Encoding.UTF8.GetString(body)}",
            await answer.Content.ReadAsStringAsync(Cancel));
    }

    private static string Value(Random random) => Values[random.Next(Values.Length)];

    private static string Path(string template, Random random) => string.Join('/', template.Split('/').Select(part =>
        part.StartsWith('{') ? Uri.EscapeDataString(
            Value(random) is { Length: > 0 and < 200 } value && value != "\0" ? value : "x") : part));

    private static string Query(Random random) => random.Next(2) == 0
        ? ""
            : "?" + string.Join('&', new[] { "maxResults", "pageToken", "blockToken" }
                .Select(name => $"{name}={Uri.EscapeDataString(Value(random))}"));

    private static void Form(StringBuilder form, string prefix, Shape shape, Random random, int depth)
    {
        foreach (var member in shape.Members)
        {
            if (random.Next(3) == 0 && !member.Required)
                continue;
            var name = prefix + (member.RequestWire ?? member.Name);
            var target = member.Shape;
            if (target.Kind == ShapeKind.List && target.Element is { } element)
            {
                name += "." + random.Next(0, 4).ToString(CultureInfo.InvariantCulture);
                target = element;
            }
            if (target.Kind == ShapeKind.Structure && depth < 4)
                Form(form, name + ".", target, random, depth + 1);
            else
                form.Append('&').Append(Uri.EscapeDataString(name)).Append('=')
                    .Append(Uri.EscapeDataString(Value(random)));
        }
    }

    private static JsonNode Json(Shape shape, Random random, int depth)
    {
        var wrong = random.Next(8) == 0;
        switch (shape.Kind)
        {
            case ShapeKind.Structure when !wrong && depth < 5:
                var node = new JsonObject();
                foreach (var member in shape.Members)
                {
                    if (member.Required || random.Next(2) == 0)
                        node[member.RequestWire ?? member.Name] = Json(member.Shape, random, depth + 1);
                }
                return node;
            case ShapeKind.List when !wrong && shape.Element is { } element && depth < 5:
                return new JsonArray(Json(element, random, depth + 1), Json(element, random, depth + 1));
            case ShapeKind.Map when !wrong && shape.Element is { } value && depth < 5:
                return new JsonObject { [Value(random)] = Json(value, random, depth + 1) };
            default:
                return random.Next(4) switch
                {
                    0 => JsonValue.Create(random.Next(-5, 70000)),
                    1 => JsonValue.Create(random.Next(2) == 0),
                    2 => JsonValue.Create(random.NextDouble() * 1e18),
                    _ => JsonValue.Create(Value(random)),
                };
        }
    }
}
