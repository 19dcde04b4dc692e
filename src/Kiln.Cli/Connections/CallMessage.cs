namespace Kiln.Cli.Connections;

/// <summary>One call before it is signed.</summary>
/// <param name="Service">The service to sign for.</param>
/// <param name="Method">The method.</param>
/// <param name="PathAndQuery">The path, and the query where there is one, percent-encoded.</param>
public sealed record CallMessage(string Service, HttpMethod Method, string PathAndQuery)
{
    /// <summary>Further headers by lower-case name; all are signed.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The body; sent where there is a content type.</summary>
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The body's content type.</summary>
    public string? ContentType { get; init; }

    /// <summary>The body's SHA-256 in hex where the caller has it already; else it is computed to sign.</summary>
    public string? BodySha256Hex { get; init; }

    /// <summary>Whether the call may be sent again after a failure: it does the same when it is done twice.</summary>
    public bool Patient { get; init; } = true;
}
