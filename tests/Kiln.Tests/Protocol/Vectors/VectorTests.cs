using System.Text;
using System.Text.Json;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Tests.Protocol.Vectors;

/// <summary>Replays the public protocol vectors against the codecs, from the server's side.</summary>
public class VectorTests
{
    public static TheoryData<string> Protocols => ["ec2", "query", "json", "json_1_0", "rest-json", "rest-xml"];

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Requests_read_as_the_params_say(string protocol) => Replay("input", protocol, Read);

    [Theory]
    [MemberData(nameof(Protocols))]
    public void Responses_write_as_the_client_expects(string protocol) => Replay("output", protocol, Write);

    [Fact]
    public void Ignored_cases_exist()
    {
        Assert.SkipUnless(VectorFiles.ArePresent, VectorFiles.Absent);
        string[] protocols = ["ec2", "query", "json", "json_1_0", "rest-json", "rest-xml"];
        var known = from direction in new[] { "input", "output" }
                    from protocol in protocols
                    from vector in VectorFiles.Read(direction, protocol)
                    select (direction, vector.Id);
        Assert.Empty(IgnoredVectors.All.Except(known));
    }

    private static void Replay(
        string direction, string protocol, Func<VectorCase, (string Expected, string Actual)> play)
    {
        Assert.SkipUnless(VectorFiles.ArePresent, VectorFiles.Absent);
        var cases = VectorFiles.Read(direction, protocol);
        Assert.NotEmpty(cases);
        var failures = new List<string>();
        foreach (var vector in cases.Where(v => IgnoredVectors.Reason(direction, v) is null))
        {
            try
            {
                var (expected, actual) = play(vector);
                if (expected != actual) failures.Add($"{vector}\n  expected {expected}\n  actual   {actual}");
            }
            catch (Exception error)
            {
                failures.Add($"{vector}\n  {error}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count} failed:\n{string.Join('\n', failures)}");
    }

    private static (string Expected, string Actual) Read(VectorCase vector)
    {
        var operation = Operation(vector);
        var codec = Codec(vector, operation);
        var wire = vector.Case.GetProperty("serialized");
        var uri = wire.GetProperty("uri").GetString()!.Split('?', 2);
        var request = new WireRequest
        {
            Method = wire.GetProperty("method").GetString()!,
            Path = uri[0],
            QueryString = uri.Length > 1 ? uri[1] : "",
            Headers = wire.TryGetProperty("headers", out var headers)
                ? headers.EnumerateObject().ToDictionary(h => h.Name.ToLowerInvariant(), h => h.Value.GetString()!)
                : new Dictionary<string, string>(),
            Body = wire.TryGetProperty("body", out var body) ? Encoding.UTF8.GetBytes(body.GetString()!) : default,
        };
        Assert.Equal(operation.Name, codec.OperationName(request));
        var record = codec.Read(request, operation);
        var expected = VectorShapes.Value(vector.Case.GetProperty("params"), operation.RequestShape);
        return (VectorShapes.Spelt(VectorShapes.Unbound(expected, operation.RequestShape)), VectorShapes.Spelt(record));
    }

    private static (string Expected, string Actual) Write(VectorCase vector)
    {
        var operation = Operation(vector);
        var codec = Codec(vector, operation);
        var wire = vector.Case.GetProperty("response");
        var status = wire.GetProperty("status_code").GetInt32();
        using var response = vector.Case.TryGetProperty("errorCode", out var code)
            ? codec.WriteError(Error(vector, code.GetString()!, status), "requestid")
            : codec.Write(Result(vector, operation), operation with { SuccessStatus = status }, "requestid");
        var expected = new StringBuilder($"{status}");
        var actual = new StringBuilder($"{response.Status}");
        if (wire.TryGetProperty("headers", out var headers)) Headers(headers, response, expected, actual);
        var body = wire.TryGetProperty("body", out var text) ? text.GetString()! : "";
        expected.Append(' ').Append(Body(body, vector.Protocol));
        actual.Append(' ').Append(Body(Encoding.UTF8.GetString(response.Body.Span), vector.Protocol));
        return (expected.ToString(), actual.ToString());
    }

    private static object Result(VectorCase vector, OperationShape operation) =>
        vector.Case.TryGetProperty("result", out var result)
            ? VectorShapes.Value(result, operation.ResponseShape)!
            : new Dictionary<string, object?>();

    private static AwsException Error(VectorCase vector, string code, int status)
    {
        var members = vector.Case.TryGetProperty("error", out var error)
            ? error.EnumerateObject().Where(e => e.Value.ValueKind == JsonValueKind.String)
                .ToDictionary(e => e.Name, e => e.Value.GetString()!)
            : [];
        if (!members.Remove("Message", out var message)) members.Remove("message", out message);
        return new AwsException(code, status, message ?? "") { Members = members };
    }

    private static void Headers(JsonElement wanted, WireResponse response, StringBuilder expected, StringBuilder actual)
    {
        foreach (var header in wanted.EnumerateObject())
        {
            // Ids differ from call to call, a response has no target, and the length is the HTTP server's.
            if (header.Name.ToLowerInvariant() is "x-amzn-requestid" or "x-amz-target" or "content-length") continue;
            bool IsNamed(string name) => header.Name.Equals(name, StringComparison.OrdinalIgnoreCase);
            var found = IsNamed("Content-Type")
                ? response.ContentType
                : response.Headers.FirstOrDefault(h => IsNamed(h.Key)).Value;
            expected.Append($" {header.Name}={Bodies.Text(header.Value.GetString()!.Split(";charset")[0])}");
            actual.Append($" {header.Name}={Bodies.Text((found ?? "absent").Split(";charset")[0])}");
        }
    }

    private static string Body(string body, string protocol)
    {
        if (protocol.Contains("json", StringComparison.Ordinal))
            return body.Length == 0 || body.TrimStart()[0] is '{' or '[' ? Bodies.Json(body) : body;
        return body.TrimStart().StartsWith('<') ? Bodies.Xml(body, compareRoot: protocol != "rest-xml") : body;
    }

    private static OperationShape Operation(VectorCase vector)
    {
        var shapes = new VectorShapes(vector.Suite.GetProperty("shapes"));
        var http = vector.Given.GetProperty("http");
        return new OperationShape(vector.Given.GetProperty("name").GetString()!, typeof(object), typeof(object))
        {
            Method = http.GetProperty("method").GetString(),
            UriTemplate = http.GetProperty("requestUri").GetString(),
            RequestShape = shapes.Of(vector.Given, "input"),
            ResponseShape = shapes.Of(vector.Given, "output"),
        };
    }

    private static ICodec Codec(VectorCase vector, OperationShape operation)
    {
        string Meta(string name) => vector.Suite.GetProperty("metadata").GetProperty(name).GetString()!;
        return vector.Protocol switch
        {
            "ec2" => new Ec2QueryCodec("https://example.com/"),
            "query" => new QueryCodec(Meta("apiVersion"), "https://example.com/"),
            "json" or "json_1_0" => new JsonCodec(Meta("jsonVersion"), Meta("targetPrefix")),
            "rest-json" => new RestJsonCodec([operation]),
            _ => new RestXmlCodec([operation], wrapErrors: true),
        };
    }
}
