namespace Kiln.Protocol.Errors;

/// <summary>An error that AWS has a code for. Thrown where it is found, caught once, written by the codec.</summary>
/// <param name="code">The AWS error code, e.g. <c>InvalidAMIID.NotFound</c>.</param>
/// <param name="status">The HTTP status code.</param>
/// <param name="message">The message in AWS's words, followed where it helps by the next step to take.</param>
public sealed class AwsException(string code, int status, string message) : Exception(message)
{
    /// <summary>The AWS error code.</summary>
    public string Code { get; } = code;

    /// <summary>The HTTP status code.</summary>
    public int Status { get; } = status;

    /// <summary>Further modelled members of the error, by wire name, e.g. <c>Reason</c> of an EBS
    /// ValidationException.</summary>
    public IReadOnlyDictionary<string, string> Members { get; init; } = new Dictionary<string, string>();
}
