using System.Security.Cryptography;
using System.Text;
using Kiln.Protocol.Codecs;

namespace Kiln.Protocol.Signing;

/// <summary>The one spelling of a request that is hashed and signed.</summary>
/// <remarks>
/// Method, path, query, headers, names of the headers, hash of the body: a line each. See
/// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html.
/// </remarks>
internal static class CanonicalRequest
{
    private const string Hex = "0123456789ABCDEF";

    /// <summary>Writes the canonical request.</summary>
    /// <exception cref="SignatureException">A signed header is not there.</exception>
    public static void Write(
        PooledBuffer to, WireRequest request, string service, IReadOnlyList<string> signedHeaders, string payloadHash)
    {
        Ascii(to, request.Method);
        to.Write((byte)'\n');
        Path(to, request.Path, service == "s3");
        to.Write((byte)'\n');
        Query(to, request.QueryString);
        to.Write((byte)'\n');
        foreach (var name in signedHeaders)
        {
            var value = request.Header(name)
                ?? throw new SignatureException(
                    SignatureFailure.Mismatch, $"The signed header {name} is not in the request");
            Ascii(to, name);
            to.Write((byte)':');
            Value(to, value);
            to.Write((byte)'\n');
        }

        to.Write((byte)'\n');
        for (var i = 0; i < signedHeaders.Count; i++)
        {
            if (i > 0) to.Write((byte)';');
            Ascii(to, signedHeaders[i]);
        }

        to.Write((byte)'\n');
        Ascii(to, payloadHash);
    }

    /// <summary>The SHA-256 of the canonical request, as hex.</summary>
    public static string Hash(
        WireRequest request, string service, IReadOnlyList<string> signedHeaders, string payloadHash)
    {
        using var canonical = new PooledBuffer();
        Write(canonical, request, service, signedHeaders, payloadHash);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(canonical.Written, hash);
        return Convert.ToHexStringLower(hash);
    }

    /// <summary>Percent-encodes all but unreserved characters.</summary>
    public static void Encode(PooledBuffer to, byte value, bool keepSlash)
    {
        var c = (char)value;
        if (char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' || (keepSlash && c == '/'))
        {
            to.Write(value);
            return;
        }

        to.Write((byte)'%');
        to.Write((byte)Hex[value >> 4]);
        to.Write((byte)Hex[value & 15]);
    }

    private static void Ascii(PooledBuffer to, string text) =>
        to.Advance(Encoding.UTF8.GetBytes(text, to.Room(Encoding.UTF8.GetMaxByteCount(text.Length))));

    /// <summary>
    /// S3's keys are taken as they are and encoded once. Elsewhere dot segments and doubled slashes are resolved and
    /// what was encoded on the wire is encoded again.
    /// </summary>
    private static void Path(PooledBuffer to, string path, bool isS3)
    {
        if (isS3)
        {
            Recode(to, path, plusIsSpace: false, keepSlash: true);
            return;
        }

        if (path.Contains("//", StringComparison.Ordinal) || path.Contains("/.", StringComparison.Ordinal))
            path = Resolved(path);
        Span<byte> utf8 = path.Length <= 256 ? stackalloc byte[768]
            : new byte[Encoding.UTF8.GetMaxByteCount(path.Length)];
        foreach (var value in utf8[..Encoding.UTF8.GetBytes(path, utf8)]) Encode(to, value, keepSlash: true);
        if (path.Length == 0) to.Write((byte)'/');
    }

    private static string Resolved(string path)
    {
        var segments = new List<string>();
        foreach (var segment in path.Split('/'))
        {
            if (segment == "..")
            {
                if (segments.Count > 0) segments.RemoveAt(segments.Count - 1);
            }
            else if (segment.Length > 0 && segment != ".")
            {
                segments.Add(segment);
            }
        }

        var folder = segments.Count > 0 && (path.EndsWith('/') || path.EndsWith("/.", StringComparison.Ordinal)
            || path.EndsWith("/..", StringComparison.Ordinal));
        return "/" + string.Join('/', segments) + (folder ? "/" : "");
    }

    private static void Query(PooledBuffer to, string query)
    {
        if (query.Length == 0) return;
        var parts = new List<string>();
        foreach (var range in query.AsSpan().Split('&'))
        {
            var pair = query.AsSpan(range);
            if (pair.IsEmpty || pair.StartsWith("X-Amz-Signature=", StringComparison.Ordinal)) continue;
            parts.Add(Pair(pair));
        }

        // '=' is never inside an encoded name; as the lowest separator it sorts by name first, then by value.
        parts.Sort(static (a, b) => string.CompareOrdinal(a, b));
        for (var i = 0; i < parts.Count; i++)
        {
            if (i > 0) to.Write((byte)'&');
            var part = parts[i];
            Ascii(to, part.Replace('\u0001', '='));
        }
    }

    /// <summary>A parameter in canonical spelling, with a separator that sorts below every character of a
    /// name.</summary>
    private static string Pair(ReadOnlySpan<char> pair)
    {
        using var buffer = new PooledBuffer();
        var equals = pair.IndexOf('=');
        Recode(buffer, equals < 0 ? pair : pair[..equals], plusIsSpace: true, keepSlash: false);
        buffer.Write((byte)'\u0001');
        if (equals >= 0) Recode(buffer, pair[(equals + 1)..], plusIsSpace: true, keepSlash: false);
        return Encoding.ASCII.GetString(buffer.Written);
    }

    /// <summary>Undoes the percent-encoding of the wire and does it anew in the one canonical way.</summary>
    private static void Recode(PooledBuffer to, ReadOnlySpan<char> text, bool plusIsSpace, bool keepSlash)
    {
        Span<byte> utf8 = text.Length <= 256 ? stackalloc byte[768]
            : new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        utf8 = utf8[..Encoding.UTF8.GetBytes(text, utf8)];
        for (var i = 0; i < utf8.Length; i++)
        {
            var value = utf8[i];
            if (value == '%' && i + 2 < utf8.Length
                && char.IsAsciiHexDigit((char)utf8[i + 1]) && char.IsAsciiHexDigit((char)utf8[i + 2]))
            {
                value = (byte)((Digit(utf8[i + 1]) << 4) | Digit(utf8[i + 2]));
                i += 2;
                // A slash that came encoded is part of a name, not a separator.
                Encode(to, value, keepSlash: false);
                continue;
            }

            Encode(to, plusIsSpace && value == '+' ? (byte)' ' : value, keepSlash);
        }
    }

    private static int Digit(byte hex) => hex <= '9' ? hex - '0' : (hex | 0x20) - 'a' + 10;

    /// <summary>A header's value without space around it, and one space for each run of spaces.</summary>
    private static void Value(PooledBuffer to, string value)
    {
        var trimmed = value.AsSpan().Trim(" \t");
        if (!trimmed.Contains("  ", StringComparison.Ordinal))
        {
            to.Advance(Encoding.UTF8.GetBytes(trimmed, to.Room(Encoding.UTF8.GetMaxByteCount(trimmed.Length))));
            return;
        }

        Span<byte> utf8 = new byte[Encoding.UTF8.GetMaxByteCount(trimmed.Length)];
        utf8 = utf8[..Encoding.UTF8.GetBytes(trimmed, utf8)];
        for (var i = 0; i < utf8.Length; i++)
        {
            if (utf8[i] != ' ' || utf8[i - 1] != ' ') to.Write(utf8[i]);
        }
    }
}
