using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Kiln.Protocol.Codecs;

namespace Kiln.Protocol.Signing;

/// <summary>The <c>aws-chunked</c> content encoding: a body in chunks, each signed or none, and trailers.</summary>
/// <remarks>
/// Call <see cref="SigV4.Verify"/> first: its signature seeds the chain of the chunks' signatures. See
/// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html.
/// </remarks>
public static class AwsChunkedBody
{
    /// <summary>Signed chunks without trailers.</summary>
    public const string Signed = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD";

    /// <summary>Signed chunks with signed trailers.</summary>
    public const string SignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER";

    /// <summary>Unsigned chunks with unsigned trailers.</summary>
    public const string UnsignedTrailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

    /// <summary>A chunk's first line: 16 hex digits, the extension's name and 64 hex digits need 100.</summary>
    private const int ChunkLineBytesMax = 256;

    /// <summary>Checksums and a signature are all that travels in trailers.</summary>
    private const int TrailerBytesMax = 8192;

    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>Whether a value of <c>x-amz-content-sha256</c> announces an aws-chunked body.</summary>
    public static bool IsStreaming(string? contentSha256) =>
        contentSha256 is not null && contentSha256.StartsWith("STREAMING-", StringComparison.Ordinal);

    /// <summary>Decodes a request's body and checks its chunks' signatures; other bodies are left alone.</summary>
    /// <param name="claim">The verified claim.</param>
    /// <param name="request">The request with the body as it came.</param>
    /// <param name="secretKey">The secret key of the claim's access key.</param>
    /// <param name="bytesMax">How many bytes the decoded body may have.</param>
    /// <returns>The request with the decoded body and, as headers, its trailers.</returns>
    /// <exception cref="SignatureException">
    /// <see cref="SignatureFailure.MalformedBody"/>: the framing, the length or the kind.
    /// <see cref="SignatureFailure.Mismatch"/>: a chunk's or the trailers' signature.
    /// </exception>
    public static WireRequest Decode(SignatureClaim claim, WireRequest request, string secretKey, int bytesMax)
    {
        var kind = request.Header("x-amz-content-sha256");
        if (!IsStreaming(kind)) return request;
        if (kind is not (Signed or SignedTrailer or UnsignedTrailer)) throw Malformed($"{kind} is not supported");
        var declared = request.Header("x-amz-decoded-content-length");
        if (!int.TryParse(declared, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
            throw Malformed("An aws-chunked body needs x-amz-decoded-content-length");
        // What was declared is not yet sent: nobody gets memory for a promise larger than the body that came.
        var most = Math.Min(bytesMax, request.Body.Length);
        if (length > most) throw Malformed($"x-amz-decoded-content-length must be at most {most} here");
        var chunks = new Chunks(request.Body, length, kind == UnsignedTrailer ? null : new Chain(claim, secretKey));
        return WithTrailers(request, chunks.Data(), chunks.Trailers(kind != Signed));
    }

    private static WireRequest WithTrailers(WireRequest request, byte[] body, Dictionary<string, string> trailers)
    {
        var headers = new Dictionary<string, string>(request.Headers);
        foreach (var (name, value) in trailers) headers.TryAdd(name, value);
        return new WireRequest
        {
            Method = request.Method,
            Path = request.Path,
            QueryString = request.QueryString,
            Headers = headers,
            Body = body,
        };
    }

    private static SignatureException Malformed(string why) => new(SignatureFailure.MalformedBody, why);

    /// <summary>Each signature covers the one before it, so that chunks can be neither swapped nor dropped.</summary>
    private sealed class Chain(SignatureClaim claim, string secretKey)
    {
        private readonly string _time =
            claim.SignedAt.UtcDateTime.ToString(SigV4.TimeFormat, CultureInfo.InvariantCulture);

        private string _previous = claim.Signature;

        public void CheckChunk(ReadOnlySpan<byte> data, string signature) => Check(
            $"{SigV4.Algorithm}-PAYLOAD\n{_time}\n{claim.Scope}\n{_previous}\n{EmptyHash}\n{Hash(data)}", signature);

        public void CheckTrailers(ReadOnlySpan<byte> canonical, string signature) => Check(
            $"{SigV4.Algorithm}-TRAILER\n{_time}\n{claim.Scope}\n{_previous}\n{Hash(canonical)}", signature);

        private static string Hash(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(SHA256.HashData(data));

        private void Check(string text, string signature)
        {
            Span<byte> expected = stackalloc byte[HMACSHA256.HashSizeInBytes];
            SigV4.SignText(claim, secretKey, text, expected);
            var hex = Convert.ToHexStringLower(expected);
            var given = Encoding.UTF8.GetBytes(signature);
            if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(hex), given))
            {
                throw new SignatureException(
                    SignatureFailure.Mismatch, "The signature of a chunk does not match its bytes");
            }

            _previous = hex;
        }
    }

    /// <summary>Walks the framing: <c>size[;chunk-signature=…]CRLF data CRLF … 0[;…]CRLF trailers CRLF</c>.</summary>
    private sealed class Chunks(ReadOnlyMemory<byte> encoded, int length, Chain? chain)
    {
        private int _at;

        public byte[] Data()
        {
            var data = new byte[length];
            var done = 0;
            while (true)
            {
                var line = Line(ChunkLineBytesMax) ?? throw Malformed("The body ends before its last chunk");
                var (size, signature) = Header(line);
                if (size > length - done || size > encoded.Length - _at)
                    throw Malformed("A chunk has fewer bytes than it says, or the chunks more than was declared");
                var chunk = encoded.Span.Slice(_at, size);
                chain?.CheckChunk(chunk, signature);
                if (size == 0) break;
                chunk.CopyTo(data.AsSpan(done));
                done += size;
                _at += size;
                if (Line(0) is not { Length: 0 }) throw Malformed("A chunk does not end with a line break");
            }

            return done == length
                ? data
                : throw Malformed("The chunks have fewer bytes than x-amz-decoded-content-length says");
        }

        public Dictionary<string, string> Trailers(bool allowed)
        {
            var trailers = new Dictionary<string, string>();
            var canonical = new StringBuilder();
            var start = _at;
            while (Line(TrailerBytesMax) is { Length: > 0 } line)
            {
                if (_at - start > TrailerBytesMax)
                    throw Malformed($"Trailers may have {TrailerBytesMax} bytes at most");
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                if (colon <= 0 || !allowed) throw Malformed("What follows the last chunk is no trailer");
                var (name, value) = (line[..colon].Trim().ToLowerInvariant(), line[(colon + 1)..].Trim());
                if (!trailers.TryAdd(name, value)) throw Malformed($"The trailer {name} stands twice");
                if (name != "x-amz-trailer-signature") canonical.Append(name).Append(':').Append(value).Append('\n');
            }

            if (trailers.Remove("x-amz-trailer-signature", out var signature) || (allowed && chain is not null))
                chain?.CheckTrailers(Encoding.UTF8.GetBytes(canonical.ToString()), signature ?? "");
            if (_at < encoded.Length && !encoded.Span[_at..].SequenceEqual("\r\n"u8))
                throw Malformed("Bytes follow the trailers");
            return trailers;
        }

        private (int Size, string Signature) Header(string line)
        {
            var semicolon = line.IndexOf(';', StringComparison.Ordinal);
            var digits = semicolon < 0 ? line : line[..semicolon];
            const NumberStyles hex = NumberStyles.AllowHexSpecifier;
            if (!int.TryParse(digits, hex, CultureInfo.InvariantCulture, out var size) || size < 0)
                throw Malformed("A chunk does not begin with its size");
            const string extension = ";chunk-signature=";
            var signature = semicolon >= 0 && line.AsSpan(semicolon).StartsWith(extension)
                ? line[(semicolon + extension.Length)..]
                : "";
            return chain is null || signature.Length > 0
                ? (size, signature)
                : throw Malformed("A chunk has no signature");
        }

        /// <summary>The next line without its end; null at the end of the body.</summary>
        private string? Line(int bytesMax)
        {
            var rest = encoded.Span[_at..];
            if (rest.IsEmpty) return null;
            var end = rest[..Math.Min(rest.Length, bytesMax + 2)].IndexOf((byte)'\n');
            if (end < 0) throw Malformed("A line of the chunked body has no end, or is too long");
            _at += end + 1;
            var line = rest[..end];
            return Encoding.Latin1.GetString(line.EndsWith("\r"u8) ? line[..^1] : line);
        }
    }
}
