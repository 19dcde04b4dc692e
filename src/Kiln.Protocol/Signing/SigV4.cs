using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kiln.Protocol.Codecs;

namespace Kiln.Protocol.Signing;

/// <summary>AWS Signature Version 4, verifying.</summary>
/// <remarks><see cref="Signer"/> signs. The S3 rules (paths encoded once) hold where the scope's service is
/// <c>s3</c>.</remarks>
public static class SigV4
{
    /// <summary>The name of the algorithm, the first word of the Authorization header.</summary>
    public const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>In place of a body's hash: the body is not signed.</summary>
    public const string UnsignedPayload = "UNSIGNED-PAYLOAD";

    /// <summary>The largest accepted difference between a request's time and the wall clock.</summary>
    public static readonly TimeSpan SkewMax = TimeSpan.FromMinutes(5);

    /// <summary>Real clients sign some ten headers; each is looked up and hashed.</summary>
    internal const int SignedHeadersMax = 64;

    /// <summary>The spelling of times in signatures.</summary>
    internal const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";

    /// <summary>Reads the claim out of the Authorization header or the query string.</summary>
    /// <returns>The claim, or null for a request that carries no signature.</returns>
    /// <exception cref="SignatureException"><see cref="SignatureFailure.Malformed"/>: there is a signature, and it
    /// cannot be read.</exception>
    public static SignatureClaim? ReadClaim(WireRequest request)
    {
        var header = request.Header("authorization");
        var isHeader = header is not null && header.StartsWith("AWS", StringComparison.Ordinal);
        var isQuery = PresignedUrl.IsSigned(request.QueryString);
        if (isHeader && isQuery) throw Malformed("A request may be signed in its header or in its query, not in both");
        return isHeader ? FromHeader(header!, request) : isQuery ? PresignedUrl.ReadClaim(request) : null;
    }

    /// <summary>Checks a claim against the secret key.</summary>
    /// <remarks>
    /// The hash of the body is checked where <c>x-amz-content-sha256</c> gives one. For <c>STREAMING-…</c> the body is
    /// not looked at here: <see cref="AwsChunkedBody"/> checks its chunks against the claim's signature.
    /// </remarks>
    /// <returns>
    /// The SHA-256 of the body in hex, as computed here; <see cref="UnsignedPayload"/> or <c>STREAMING-…</c> where the
    /// signature says nothing of the body.
    /// </returns>
    /// <exception cref="SignatureException">The signature does not match, or its time is too far from <paramref
    /// name="now"/>.</exception>
    public static string Verify(SignatureClaim claim, WireRequest request, string secretKey, DateTimeOffset now)
    {
        CheckTime(claim, now);
        var payload = PayloadHash(claim, request);
        Compare(claim, request, secretKey, payload);
        return payload;
    }

    /// <summary>Checks of a claim what can be checked before the body is there: the time, and the signature where the
    /// head tells the body's hash.</summary>
    /// <exception cref="SignatureException">As <see cref="Verify"/>.</exception>
    public static void VerifyHead(SignatureClaim claim, WireRequest head, string secretKey, DateTimeOffset now)
    {
        CheckTime(claim, now);
        if (DeclaredHash(claim, head) is { } payload) Compare(claim, head, secretKey, payload);
    }

    private static void Compare(SignatureClaim claim, WireRequest request, string secretKey, string payload)
    {
        Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
        Sign(claim, request, secretKey, payload, expected);
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (claim.Signature.Length != given.Length * 2
            || Convert.FromHexString(claim.Signature, given, out _, out _) != System.Buffers.OperationStatus.Done
            || !CryptographicOperations.FixedTimeEquals(given, expected))
        {
            throw new SignatureException(SignatureFailure.Mismatch,
                "The request signature we calculated does not match the signature you provided. "
                + "Check your AWS Secret Access Key and signing method.");
        }
    }

    /// <summary>The signature that a claim should carry.</summary>
    internal static void Sign(
        SignatureClaim claim, WireRequest request, string secretKey, string payloadHash, Span<byte> signature)
    {
        var hash = CanonicalRequest.Hash(request, claim.Service, claim.SignedHeaders, payloadHash);
        var time = claim.SignedAt.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);
        SignText(claim, secretKey, $"{Algorithm}\n{time}\n{claim.Scope}\n{hash}", signature);
    }

    internal static void SignText(SignatureClaim claim, string secretKey, string text, Span<byte> signature)
    {
        var key = SigningKeys.Of(secretKey, claim.Date, claim.Region, claim.Service);
        HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text), signature);
    }

    internal static SignatureException Malformed(string why) => new(SignatureFailure.Malformed, why);

    /// <summary>Takes a scope apart: <c>AKID/20150830/us-east-1/iam/aws4_request</c>.</summary>
    internal static SignatureClaim Claim(
        string credential, string signedHeaders, string signature, DateTimeOffset signedAt, string? token)
    {
        // An access key id has no slash, so there are five parts exactly.
        var parts = credential.Split('/');
        if (parts is not [{ Length: > 0 } id, { Length: 8 } date, { Length: > 0 } region, { Length: > 0 } service,
            "aws4_request"])
            throw Malformed(
                $"Credential must be of the form ID/DATE/REGION/SERVICE/aws4_request, not '{Shown(credential)}'");
        if (date != signedAt.UtcDateTime.ToString("yyyyMMdd", CultureInfo.InvariantCulture))
            throw Malformed("Date in Credential scope does not match the date of the request");
        var headers = signedHeaders.ToLowerInvariant().Split(';', StringSplitOptions.RemoveEmptyEntries);
        if (headers.Length > SignedHeadersMax) throw Malformed($"At most {SignedHeadersMax} headers may be signed");
        Array.Sort(headers, StringComparer.Ordinal);
        if (!headers.Contains("host")) throw Malformed("'Host' must be a signed header");
        return new SignatureClaim(id, date, region, service, signedAt, string.IsNullOrEmpty(token) ? null : token)
        {
            SignedHeaders = headers,
            Signature = signature,
        };
    }

    internal static DateTimeOffset Time(string? text) =>
        DateTimeOffset.TryParseExact(
            text, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw Malformed("A signed request must have a date of the form 20150830T123600Z in X-Amz-Date");

    private static string Shown(string text) => text.Length <= 128 ? text : text[..128] + "…";

    private static SignatureClaim FromHeader(string header, WireRequest request)
    {
        if (header.Split(' ')[0] != Algorithm)
            throw Malformed($"Unsupported AWS 'algorithm': '{Shown(header.Split(' ')[0])}'; use {Algorithm}");
        string? credential = null, signedHeaders = null, signature = null;
        foreach (var part in header[Algorithm.Length..].Split(',', StringSplitOptions.TrimEntries))
        {
            var equals = part.IndexOf('=', StringComparison.Ordinal);
            var value = part[(equals + 1)..];
            switch (equals < 0 ? "" : part[..equals])
            {
                case "Credential": credential = value; break;
                case "SignedHeaders": signedHeaders = value; break;
                case "Signature": signature = value; break;
                default: throw Malformed($"'{Shown(part)}' not a valid key=value pair in Authorization header");
            }
        }

        if (credential is null) throw Malformed("Authorization header requires 'Credential' parameter");
        if (signedHeaders is null) throw Malformed("Authorization header requires 'SignedHeaders' parameter");
        if (signature is null) throw Malformed("Authorization header requires 'Signature' parameter");
        return Claim(credential, signedHeaders, signature, HeaderTime(request), request.Header("x-amz-security-token"));
    }

    private static DateTimeOffset HeaderTime(WireRequest request) =>
        request.Header("x-amz-date") is null && request.Header("date") is { } date
            && Timestamps.TryParse(date, Shapes.TimestampFormat.HttpDate, out var time)
            ? time
            : Time(request.Header("x-amz-date") ?? request.Header("date"));

    private static void CheckTime(SignatureClaim claim, DateTimeOffset now)
    {
        if (claim.SignedAt - now > SkewMax)
            throw new SignatureException(
                SignatureFailure.NotYetValid, $"Signature not yet current: {Shown(claim, now)}");
        if (now - claim.SignedAt > (claim.Expires ?? SkewMax))
            throw new SignatureException(SignatureFailure.Expired, $"Signature expired: {Shown(claim, now)}");
    }

    private static string Shown(SignatureClaim claim, DateTimeOffset now) => string.Create(CultureInfo.InvariantCulture,
        $"it was signed at {claim.SignedAt.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}, "
        + $"and the time here is {now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}");

    private static string? DeclaredHash(SignatureClaim claim, WireRequest request) =>
        request.Header("x-amz-content-sha256") ?? (claim.Expires is null ? null
            : PresignedUrl.Value(request.QueryString, "X-Amz-Content-Sha256")
                ?? (claim.Service == "s3" ? UnsignedPayload : null));

    private static string PayloadHash(SignatureClaim claim, WireRequest request)
    {
        var declared = DeclaredHash(claim, request);
        if (declared == UnsignedPayload || AwsChunkedBody.IsStreaming(declared)) return declared!;
        var hash = Convert.ToHexStringLower(SHA256.HashData(request.Body.Span));
        if (declared is null || declared.Equals(hash, StringComparison.OrdinalIgnoreCase)) return declared ?? hash;
        throw new SignatureException(SignatureFailure.BodyMismatch,
            "The provided 'x-amz-content-sha256' header does not match what was computed.");
    }
}
