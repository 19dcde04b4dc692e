using System.Buffers;

namespace Kiln.Protocol.Codecs;

/// <summary>What a codec answers. The body is either <see cref="Body"/> or, for raw payloads, the same memory
/// untouched.</summary>
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
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; set; } = [];

    /// <summary>The body's bytes.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Who lent the body's memory; it gets it back when the response is disposed.</summary>
    public IDisposable? Owner { get; set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Owner?.Dispose();
        Owner = null;
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
