namespace Kiln.Protocol.Codecs;

/// <summary>An HTTP request as a codec and the signature check see it: complete, buffered, free of any web
/// framework.</summary>
public sealed class WireRequest
{
    /// <summary>The method in upper case.</summary>
    public required string Method { get; init; }

    /// <summary>The path exactly as it stood in the request line, still percent-encoded; begins with
    /// <c>/</c>.</summary>
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
