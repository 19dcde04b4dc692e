namespace Kiln.Cli.Connections;

/// <summary>The service refused a call.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">The AWS error code.</param>
/// <param name="message">The service's message.</param>
public sealed class CallException(int status, string code, string message) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>The AWS error code, e.g. <c>InvalidSnapshot.NotFound</c>.</summary>
    public string Code { get; } = code;

    /// <summary>Whether the same call may succeed later: a service that is not ready, or throttling.</summary>
    public bool Passing => Status is 502 or 503 or 504 || Code.Contains("Throttl", StringComparison.Ordinal);
}
