using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml.Linq;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Signing;

namespace Kiln.Cli.Connections;

/// <summary>Signs calls, sends them, and reads answers and refusals. Safe for concurrent use.</summary>
public sealed class AwsClient : IDisposable
{
    /// <summary>
    /// How long a call is tried again while the service cannot be reached or is at fault: long enough to live through
    /// a restart of the service.
    /// </summary>
    public static readonly TimeSpan PatienceMax = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(2);
    private readonly HttpClient _http;
    private readonly TimeProvider _time;

    /// <summary>Makes a client.</summary>
    public AwsClient(Connection connection, TimeProvider? time = null)
    {
        Connection = connection;
        _time = time ?? TimeProvider.System;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            // Signatures say when they were made; a proxy of the environment must not see loopback traffic.
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        })
        { Timeout = TimeSpan.FromMinutes(5) };
    }

    /// <summary>Where it calls and as whom.</summary>
    public Connection Connection { get; }

    /// <summary>An EC2 operation.</summary>
    /// <param name="action">Its name.</param>
    /// <param name="parameters">Parameters by wire name.</param>
    /// <param name="cancel">Gives up.</param>
    /// <returns>The answer's root element, without its namespace.</returns>
    /// <exception cref="CallException">It was refused.</exception>
    public async Task<XElement> Ec2(
        string action, IEnumerable<(string Name, string Value)> parameters, CancellationToken cancel)
    {
        var form = new StringBuilder($"Action={action}&Version=2016-11-15");
        foreach (var (name, value) in parameters)
            form.Append('&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        var body = Encoding.UTF8.GetBytes(form.ToString());
        using var answer = await Send(new CallMessage("ec2", HttpMethod.Post, "/")
        {
            Body = body,
            ContentType = "application/x-www-form-urlencoded; charset=utf-8",
        }, cancel);
        return Plain(XElement.Parse(await answer.Content.ReadAsStringAsync(cancel)));
    }

    /// <summary>An operation of Kiln's own service.</summary>
    /// <exception cref="CallException">It was refused.</exception>
    public Task<JsonNode> Kiln(
        string operation, JsonObject request, CancellationToken cancel, bool patient = true) =>
        Json("kiln", $"Kiln.{operation}", request, cancel, patient);

    /// <summary>An operation of a service that speaks JSON.</summary>
    /// <param name="service">The service, as signatures name it.</param>
    /// <param name="target">The operation, e.g. <c>AmazonSSM.GetParameter</c>.</param>
    /// <param name="request">The parameters.</param>
    /// <param name="cancel">Gives up.</param>
    /// <param name="patient">Whether it is sent again while that may help.</param>
    /// <exception cref="CallException">It was refused.</exception>
    public async Task<JsonNode> Json(
        string service, string target, JsonObject request, CancellationToken cancel, bool patient = true)
    {
        using var answer = await Send(new CallMessage(service, HttpMethod.Post, "/")
        {
            Body = Encoding.UTF8.GetBytes(request.ToJsonString()),
            ContentType = "application/x-amz-json-1.1",
            Headers = [new("x-amz-target", target)],
            Patient = patient,
        }, cancel);
        return JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(cancel)) ?? new JsonObject();
    }

    /// <summary>An EBS direct operation whose answer is a document.</summary>
    /// <exception cref="CallException">It was refused.</exception>
    public async Task<JsonNode> Ebs(CallMessage message, CancellationToken cancel)
    {
        using var answer = await Send(message, cancel);
        return JsonNode.Parse(await answer.Content.ReadAsByteArrayAsync(cancel)) ?? new JsonObject();
    }

    /// <summary>Sends a call, again while that may help, and returns the answer with its body unread.</summary>
    /// <exception cref="CallException">It was refused.</exception>
    /// <exception cref="CliException">The service cannot be reached.</exception>
    public async Task<HttpResponseMessage> Send(CallMessage message, CancellationToken cancel)
    {
        var began = _time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            var wait = TimeSpan.FromMilliseconds(Math.Min(PauseMax.TotalMilliseconds, 50 << Math.Min(attempt, 6)));
            var patient = message.Patient && _time.GetElapsedTime(began) + wait < PatienceMax;
            try
            {
                return await SendOnce(message, cancel);
            }
            catch (CallException refusal) when (patient && refusal.Passing)
            {
            }
            catch (Exception failure) when (patient && !cancel.IsCancellationRequested && IsUnreachable(failure))
            {
            }
            catch (Exception failure) when (!cancel.IsCancellationRequested && IsUnreachable(failure))
            {
                throw new CliException(
                    $"Nobody answers at {Connection.Endpoint}: {Cause(failure)} Start Kiln with ./start.sh, or export "
                    + "AWS_ENDPOINT_URL=http://ADDRESS:PORT where it listens.", ExitCodes.Unreachable);
            }
            await Task.Delay(wait, _time, cancel);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static bool IsUnreachable(Exception failure) =>
        failure is HttpRequestException or IOException or SocketException or TaskCanceledException;

    private static string Cause(Exception failure) =>
        failure.GetBaseException().Message.TrimEnd('.') + ".";

    private async Task<HttpResponseMessage> SendOnce(CallMessage message, CancellationToken cancel)
    {
        var uri = new Uri(Connection.Endpoint, message.PathAndQuery);
        using var request = new HttpRequestMessage(message.Method, uri);
        var headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["host"] = uri.Authority };
        foreach (var (name, value) in message.Headers)
            headers[name] = value;
        if (message.ContentType is not null)
        {
            request.Content = new ReadOnlyMemoryContent(message.Body);
            request.Content.Headers.TryAddWithoutValidation("Content-Type", message.ContentType);
            headers["content-type"] = message.ContentType;
        }
        var wire = new WireRequest
        {
            Method = message.Method.Method,
            Path = uri.AbsolutePath,
            QueryString = uri.Query.TrimStart('?'),
            Headers = headers,
            Body = message.Body,
        };
        var signer = new Signer(
            Connection.AccessKeyId, Connection.SecretKey, Connection.SessionToken, Connection.Region, message.Service);
        var signed = signer.Sign(wire, _time.GetUtcNow(), message.BodySha256Hex);
        foreach (var (name, value) in message.Headers.Concat(signed))
            request.Headers.TryAddWithoutValidation(name, value);
        var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancel);
        if (answer.IsSuccessStatusCode)
            return answer;
        using (answer)
            throw await Refusal(answer, cancel);
    }

    private static async Task<CallException> Refusal(HttpResponseMessage answer, CancellationToken cancel)
    {
        var status = (int)answer.StatusCode;
        var text = await answer.Content.ReadAsStringAsync(cancel);
        try
        {
            if (text.StartsWith('{'))
            {
                var json = JsonNode.Parse(text)!.AsObject();
                var type = answer.Headers.TryGetValues("x-amzn-ErrorType", out var types)
                    ? types.First() : (string?)json["__type"] ?? "";
                return new CallException(status, type.Split('#')[^1].Split(':')[0],
                    (string?)json["message"] ?? (string?)json["Message"] ?? "");
            }
            if (text.StartsWith('<'))
            {
                var xml = Plain(XElement.Parse(text));
                var error = xml.DescendantsAndSelf("Error").First();
                return new CallException(
                    status, error.Element("Code")?.Value ?? "", error.Element("Message")?.Value ?? "");
            }
        }
        catch (Exception failure)
            when (failure is JsonException or System.Xml.XmlException or InvalidOperationException)
        {
            // Not an envelope of AWS's: shown as it came.
        }
        return new CallException(status, string.Create(CultureInfo.InvariantCulture, $"HTTP {status}"),
            text.Length > 200 ? text[..200] : text.Trim());
    }

    private static XElement Plain(XElement element) => element.HasElements
        ? new XElement(element.Name.LocalName, element.Elements().Select(Plain))
        : new XElement(element.Name.LocalName, element.Value);
}
