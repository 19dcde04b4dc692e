using System.Buffers;

namespace Kiln.Protocol.Codecs;

/// <summary>An HTTP request as a codec and the signature check see it: complete, buffered, free of any web framework.</summary>
public sealed class WireRequest
{
    /// <summary>The method in upper case.</summary>
    public required string Method { get; init; }

    /// <summary>The path exactly as it stood in the request line, still percent-encoded; begins with <c>/</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The query string without <c>?</c>, exactly as it stood; empty when there is none.</summary>
    public string QueryString { get; init; } = "";

    /// <summary>Headers by lower-case name; several lines of one name are joined with a comma.</summary>
    public required IReadOnlyDictionary<string, string> Headers { get; init; }

    /// <summary>The body after <c>aws-chunked</c> decoding, if it was chunked.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>A header's value, or null.</summary>
    public string? Header(string lowerCaseName) => Headers.GetValueOrDefault(lowerCaseName);

    /// <summary>The same request with another body: the one that <c>aws-chunked</c> decoding found.</summary>
    public WireRequest WithBody(ReadOnlyMemory<byte> body) => new()
    {
        Method = Method, Path = Path, QueryString = QueryString, Headers = Headers, Body = body,
    };
}

/// <summary>What a codec answers. The body is either <see cref="Body"/> or, for raw payloads, the same memory untouched.</summary>
/// <remarks>
/// Dispose it when the body is sent: a large page's buffer then serves the next one. Forgetting to costs memory
/// traffic, not correctness; reading <see cref="Body"/> after disposing is a bug.
/// </remarks>
public sealed class WireResponse : IDisposable
{
    private byte[]? _pooled;

    /// <summary>The HTTP status code.</summary>
    public required int Status { get; init; }

    /// <summary>The content type, or null where there is no body.</summary>
    public string? ContentType { get; init; }

    /// <summary>Further headers.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The body's bytes.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _pooled, null) is { } buffer) ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>A response whose body is what was written to a buffer.</summary>
    internal static WireResponse Of(
        PooledBuffer body, int status, string contentType, IReadOnlyList<KeyValuePair<string, string>>? headers = null)
    {
        var length = body.Length;
        var buffer = body.Detach();
        return new WireResponse
        {
            Status = status,
            ContentType = contentType,
            Headers = headers ?? [],
            Body = buffer.AsMemory(0, length),
            _pooled = buffer,
        };
    }
}
