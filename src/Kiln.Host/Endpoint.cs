using System.Buffers;
using System.Globalization;
using Kiln.Protocol.Codecs;
using Kiln.Service.Calls;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Kiln.Host;

/// <summary>Between Kestrel and the pipeline: buffers a request within its limit, and sends the answer.</summary>
internal static class Endpoint
{
    /// <summary>
    /// The largest body: a block of 512 KiB in signed chunks is little more, and form requests are held to 1 MiB by
    /// their reader. Import and export go by object storage, never through here.
    /// </summary>
    public const int BodyBytesMax = 2 * 1024 * 1024;

    /// <summary>Answers one request.</summary>
    public static async Task Answer(HttpContext http, Pipeline pipeline, RequestBodies bodies)
    {
        if (http.Request.ContentLength > BodyBytesMax)
        {
            await TooLarge(http);
            return;
        }
        try
        {
            var bytes = BodyBytes(http);
            if (bodies.IsScarce(bytes)
                && await pipeline.RefuseStranger(Read(http, default), http.RequestAborted) is { } stranger)
            {
                using (stranger)
                    await Send(http, stranger);
                return;
            }
            using var share = await bodies.Admit(bytes, http.RequestAborted);
            if (share is null)
            {
                using var refusal = pipeline.Throttle(Read(http, default));
                await Send(http, refusal);
                return;
            }
            await ReadAndAnswer(http, pipeline);
        }
        catch (BadHttpRequestException malformed)
        {
            http.Response.StatusCode = malformed.StatusCode;
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; nobody is left to answer.
        }
    }

    // Of a body in chunks nobody knows the length before its end.
    private static long BodyBytes(HttpContext http) => http.Request.ContentLength
        ?? (http.Features.Get<IHttpRequestBodyDetectionFeature>() is { CanHaveBody: true } ? BodyBytesMax : 0);

    private static async Task ReadAndAnswer(HttpContext http, Pipeline pipeline)
    {
        var buffer = ArrayPool<byte>.Shared.Rent((int)(http.Request.ContentLength ?? 4096));
        try
        {
            var length = 0;
            while (true)
            {
                if (length == buffer.Length)
                {
                    if (http.Request.ContentLength == length)
                        break;
                    if (length >= BodyBytesMax)
                    {
                        await TooLarge(http);
                        return;
                    }
                    buffer = Grow(buffer, length);
                }
                var read = await http.Request.Body.ReadAsync(buffer.AsMemory(length), http.RequestAborted);
                if (read == 0)
                    break;
                length += read;
            }
            using var answer = await pipeline.Answer(
                Read(http, buffer.AsMemory(0, length)),
                http.Connection.RemoteIpAddress?.ToString() ?? "",
                http.RequestAborted);
            await Send(http, answer);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        var larger = ArrayPool<byte>.Shared.Rent(Math.Min(buffer.Length * 2, BodyBytesMax));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static WireRequest Read(HttpContext http, ReadOnlyMemory<byte> body)
    {
        var headers = new Dictionary<string, string>(http.Request.Headers.Count);
        foreach (var (name, values) in http.Request.Headers)
            headers[name.ToLowerInvariant()] = Joined(values);
        var target = http.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var question = target.IndexOf('?', StringComparison.Ordinal);
        var path = question < 0 ? target : target[..question];
        return new WireRequest
        {
            Method = http.Request.Method,
            Path = path.StartsWith('/') ? path : http.Request.Path.ToUriComponent(),
            QueryString = question < 0 ? "" : target[(question + 1)..],
            Headers = headers,
            Body = body,
        };
    }

    private static string Joined(StringValues values) =>
        values.Count == 1 ? values[0] ?? "" : string.Join(",", values.ToArray());

    private static async Task Send(HttpContext http, WireResponse answer)
    {
        var response = http.Response;
        response.StatusCode = answer.Status;
        if (answer.ContentType is not null)
            response.ContentType = answer.ContentType;
        foreach (var (name, value) in answer.Headers)
            response.Headers[name] = value;
        response.ContentLength = answer.Body.Length;
        if (answer.Body.Length > 0 && !HttpMethods.IsHead(http.Request.Method))
            await response.Body.WriteAsync(answer.Body, http.RequestAborted);
    }

    private static async Task TooLarge(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status413PayloadTooLarge;
        http.Response.Headers.Connection = "close";
        http.Response.ContentType = "text/plain";
        await http.Response.WriteAsync(string.Create(
            CultureInfo.InvariantCulture, $"A request body may hold up to {BodyBytesMax} bytes.\n"),
            http.RequestAborted);
    }
}
