using System.Globalization;
using System.Security.Cryptography;
using Kiln.Protocol.Codecs;

namespace Kiln.Protocol.Signing;

/// <summary>Signs requests of a client with Signature Version 4.</summary>
/// <param name="accessKeyId">The access key id.</param>
/// <param name="secretKey">The secret key.</param>
/// <param name="sessionToken">The session token of temporary credentials.</param>
/// <param name="region">The Region to sign for.</param>
/// <param name="service">The service to sign for, e.g. <c>ec2</c>.</param>
public sealed class Signer(string accessKeyId, string secretKey, string? sessionToken, string region, string service)
{
    /// <summary>The headers that make a request a signed one; they are to be added to it.</summary>
    /// <param name="request">The request; its <c>host</c> header must be there. All its headers are signed.</param>
    /// <param name="now">The time to sign at.</param>
    /// <param name="payloadHash">What to sign in place of the body's hash, e.g. <see
    /// cref="SigV4.UnsignedPayload"/>.</param>
    public IReadOnlyList<KeyValuePair<string, string>> Sign(
        WireRequest request, DateTimeOffset now, string? payloadHash = null)
    {
        payloadHash ??= Convert.ToHexStringLower(SHA256.HashData(request.Body.Span));
        var added = new List<KeyValuePair<string, string>>
        {
            new("x-amz-date", Time(now)), new("x-amz-content-sha256", payloadHash),
        };
        if (sessionToken is not null) added.Add(new("x-amz-security-token", sessionToken));
        var headers = new Dictionary<string, string>(request.Headers);
        foreach (var (name, value) in added) headers[name] = value;
        var claim = Claim(headers.Keys, now);
        var signature = Signature(claim, With(request, headers, request.QueryString), payloadHash);
        added.Add(new("authorization", $"{SigV4.Algorithm} Credential={accessKeyId}/{claim.Scope}, "
            + $"SignedHeaders={string.Join(';', claim.SignedHeaders)}, Signature={signature}"));
        return added;
    }

    /// <summary>Signs an HTTP request in place; its URI must be absolute.</summary>
    /// <param name="request">The request, whose content is already set.</param>
    /// <param name="body">The content's bytes.</param>
    /// <param name="now">The time to sign at.</param>
    public void Sign(HttpRequestMessage request, ReadOnlyMemory<byte> body, DateTimeOffset now)
    {
        var uri = request.RequestUri!;
        var headers = new Dictionary<string, string> { ["host"] = request.Headers.Host ?? uri.Authority };
        foreach (var (name, values) in request.Headers.Concat(
            request.Content?.Headers ?? Enumerable.Empty<KeyValuePair<string, IEnumerable<string>>>()))
        {
            // What proxies and handlers may change or add is not signed.
            var key = name.ToLowerInvariant();
            if (key == "content-type" || key.StartsWith("x-amz-", StringComparison.Ordinal))
                headers[key] = string.Join(',', values);
        }

        var wire = new WireRequest
        {
            Method = request.Method.Method,
            Path = uri.AbsolutePath,
            QueryString = uri.Query.TrimStart('?'),
            Headers = headers,
            Body = body,
        };
        foreach (var (name, value) in Sign(wire, now)) request.Headers.TryAddWithoutValidation(name, value);
    }

    /// <summary>The query string that makes a request a signed one for a while.</summary>
    /// <param name="request">The request; its <c>host</c> header must be there. All its headers are signed.</param>
    /// <param name="now">The time to sign at.</param>
    /// <param name="expires">How long it shall hold: one second to seven days.</param>
    public string Presign(WireRequest request, DateTimeOffset now, TimeSpan expires)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(expires, TimeSpan.FromSeconds(1));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(expires, TimeSpan.FromSeconds(PresignedUrl.ExpiresSecondsMax));
        var claim = Claim(request.Headers.Keys, now);
        var seconds = ((long)expires.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var query = string.Join('&',
            new[]
            {
                request.QueryString,
                $"X-Amz-Algorithm={SigV4.Algorithm}",
                $"X-Amz-Credential={Uri.EscapeDataString($"{accessKeyId}/{claim.Scope}")}",
                $"X-Amz-Date={Time(now)}",
                $"X-Amz-Expires={seconds}",
                sessionToken is null ? "" : $"X-Amz-Security-Token={Uri.EscapeDataString(sessionToken)}",
                $"X-Amz-SignedHeaders={Uri.EscapeDataString(string.Join(';', claim.SignedHeaders))}",
            }.Where(part => part.Length > 0));
        var payload = service == "s3" ? SigV4.UnsignedPayload
            : Convert.ToHexStringLower(SHA256.HashData(request.Body.Span));
        return $"{query}&X-Amz-Signature={Signature(claim, With(request, request.Headers, query), payload)}";
    }

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString(SigV4.TimeFormat, CultureInfo.InvariantCulture);

    private static WireRequest With(WireRequest request, IReadOnlyDictionary<string, string> headers, string query) =>
        new()
    {
        Method = request.Method, Path = request.Path, QueryString = query, Headers = headers, Body = request.Body,
    };

    private SignatureClaim Claim(IEnumerable<string> headers, DateTimeOffset now) => new(
        accessKeyId, now.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture), region, service, now,
        sessionToken)
    {
        SignedHeaders = [.. headers.Order(StringComparer.Ordinal)],
        Signature = "",
    };

    private string Signature(SignatureClaim claim, WireRequest request, string payloadHash)
    {
        Span<byte> signature = stackalloc byte[HMACSHA256.HashSizeInBytes];
        SigV4.Sign(claim, request, secretKey, payloadHash, signature);
        return Convert.ToHexStringLower(signature);
    }
}
