using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Codecs;

/// <summary>The json-1.0 and json-1.1 protocols of KMS, Systems Manager, Config and EventBridge.</summary>
/// <param name="version"><c>1.0</c> or <c>1.1</c>: the content type's.</param>
/// <param name="targetPrefix">What stands before the operation in <c>X-Amz-Target</c>, e.g.
/// <c>TrentService</c>.</param>
/// <param name="camelNames">Whether the service spells its members with a small first letter.</param>
public sealed class JsonCodec(string version, string targetPrefix, bool camelNames = false) : ICodec
{
    /// <summary>The largest body of a call: AWS allows 1 MiB to most JSON services.</summary>
    private const int BytesMax = 1 << 20;

    private readonly string _contentType = $"application/x-amz-json-{version}";
    private readonly JsonRecordReader _reader = new(new JsonRules(camelNames, Words));
    private readonly JsonRecordWriter _writer = new(new JsonRules(camelNames, Words));

    private static ValidationFaults Words { get; } = new("ValidationException", "SerializationException");

    /// <inheritdoc/>
    public string? OperationName(WireRequest request)
    {
        var target = request.Header("x-amz-target");
        return target is not null && target.Length > targetPrefix.Length + 1 && target[targetPrefix.Length] == '.'
            && target.StartsWith(targetPrefix, StringComparison.Ordinal)
            ? target[(targetPrefix.Length + 1)..]
            : null;
    }

    /// <inheritdoc/>
    public object Read(WireRequest request, OperationShape operation)
    {
        if (request.Body.Length > BytesMax)
            throw new AwsException("RequestEntityTooLarge", 413, $"A request may have {BytesMax} bytes at most");
        var shape = operation.RequestShape;
        var values = new object?[shape.Members.Count];
        _reader.Members(request.Body.Span, shape, values);
        _reader.CheckRequired(shape, values, "");
        return shape.Create(values);
    }

    /// <inheritdoc/>
    public WireResponse Write(object response, OperationShape operation, string requestId)
    {
        using var buffer = new PooledBuffer();
        _writer.Write(buffer, response, operation.ResponseShape);
        return WireResponse.Of(buffer, operation.SuccessStatus, _contentType, [new("x-amzn-RequestId", requestId)]);
    }

    /// <inheritdoc/>
    public WireResponse WriteError(AwsException error, string requestId)
    {
        using var buffer = new PooledBuffer();
        JsonRecordWriter.WriteError(buffer, error.Code, "message", error);
        return WireResponse.Of(buffer, error.Status, _contentType, [new("x-amzn-RequestId", requestId)]);
    }
}
