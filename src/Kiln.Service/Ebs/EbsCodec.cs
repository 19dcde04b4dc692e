using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;

namespace Kiln.Service.Ebs;

/// <summary>rest-json as the EBS direct APIs speak it: the message is <c>Message</c>, and errors carry a
/// Reason.</summary>
/// <param name="operations">All operations of the service.</param>
public sealed class EbsCodec(IEnumerable<OperationShape> operations) : ICodec
{
    private readonly RestJsonCodec _json = new(operations, messageName: "Message");

    /// <inheritdoc/>
    public string? OperationName(WireRequest request) => _json.OperationName(request)
        ?? throw new AwsException("UnknownOperationException", 404, "The EBS direct APIs have no such path.");

    /// <inheritdoc/>
    public object Read(WireRequest request, OperationShape operation) => _json.Read(request, operation);

    /// <inheritdoc/>
    public WireResponse Write(object response, OperationShape operation, string requestId)
    {
        var answer = _json.Write(response, operation, requestId);
        // A block's memory goes back to its pool when it is sent.
        answer.Owner = response as IDisposable;
        if (response is GetSnapshotBlock.Response { Run: > 0 and var blocks })
            answer.Headers = [.. answer.Headers, new("Preference-Applied", $"{BlockRun.Preference}={blocks}")];
        return answer;
    }

    /// <inheritdoc/>
    public WireResponse WriteError(AwsException error, string requestId) =>
        _json.WriteError(WithReason(error), requestId);

    // What is refused before an operation sees it (a member out of bounds, a policy) has no reason yet.
    private static AwsException WithReason(AwsException error)
    {
        var reason = error.Code switch
        {
            "ValidationException" => "INVALID_PARAMETER_VALUE",
            "AccessDeniedException" => "UNAUTHORIZED_ACCOUNT",
            _ => null,
        };
        if (error.Code == "InternalError")
            return new AwsException("InternalServerException", error.Status, error.Message);
        return reason is null || error.Members.ContainsKey(EbsError.Reason) ? error
            : new AwsException(error.Code, error.Status, error.Message)
            {
                Members = new Dictionary<string, string>(error.Members) { [EbsError.Reason] = reason },
            };
    }
}
