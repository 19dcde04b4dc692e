using System.Text;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>The rest-json protocol of EBS direct, Image Builder, Backup, DLM and the Recycle Bin.</summary>
/// <remarks>
/// A blob payload of a request is the request's own memory, and that of a response is passed on untouched: no copy of
/// a block is made here.
/// </remarks>
public sealed class RestJsonCodec : ICodec
{
    private const string ContentType = "application/json";

    /// <summary>The largest document; raw payloads are bounded by the host and by their operation.</summary>
    private const int DocumentBytesMax = 1 << 20;

    private static readonly ValidationFaults Words = new("ValidationException", "SerializationException");
    private readonly RouteTable _routes;
    private readonly JsonRecordReader _reader;
    private readonly JsonRecordWriter _writer;
    private readonly RestBinding _binding = new(Words);
    private readonly string _messageName;

    /// <summary>Makes the codec of a service.</summary>
    /// <param name="operations">All operations, with method and URI template.</param>
    /// <param name="camelNames">Whether the service spells its members with a small first letter.</param>
    /// <param name="messageName">Where an error holds its message; EBS direct says <c>Message</c>.</param>
    public RestJsonCodec(
        IEnumerable<OperationShape> operations, bool camelNames = false, string messageName = "message")
    {
        _routes = new RouteTable(operations);
        _reader = new JsonRecordReader(new JsonRules(camelNames, Words));
        _writer = new JsonRecordWriter(new JsonRules(camelNames, Words));
        _messageName = messageName;
    }

    /// <inheritdoc/>
    public string? OperationName(WireRequest request) => _routes.Match(request)?.Route.Name;

    /// <inheritdoc/>
    public object Read(WireRequest request, OperationShape operation)
    {
        var shape = operation.RequestShape;
        var values = new object?[shape.Members.Count];
        var match = _routes.Match(request)
            ?? throw new AwsException("UnknownOperationException", 404, "There is no such path");
        _binding.Read(request, match, shape, values);
        if (shape.Members.FirstOrDefault(m => m.Location == MemberLocation.Payload) is { } payload)
            values[payload.Index] = Payload(request, payload);
        else
            _reader.Members(Document(request), shape, values);
        _reader.CheckRequired(shape, values, "");
        return shape.Create(values);
    }

    /// <inheritdoc/>
    public WireResponse Write(object response, OperationShape operation, string requestId)
    {
        var shape = operation.ResponseShape;
        var headers = RestBinding.Headers(response, shape, "x-amzn-RequestId", requestId);
        var status = RestBinding.Status(response, operation);
        if (shape.Members.FirstOrDefault(m => m.Location == MemberLocation.Payload) is { } payload)
            return WritePayload(payload, payload.Get(response), status, headers);
        using var buffer = new PooledBuffer();
        _writer.Write(buffer, response, shape);
        return WireResponse.Of(buffer, status, ContentType, headers);
    }

    /// <inheritdoc/>
    public WireResponse WriteError(AwsException error, string requestId)
    {
        using var buffer = new PooledBuffer();
        JsonRecordWriter.WriteError(buffer, null, _messageName, error);
        return WireResponse.Of(buffer, error.Status, ContentType,
            [new("x-amzn-RequestId", requestId), new("x-amzn-ErrorType", error.Code)]);
    }

    private static ReadOnlySpan<byte> Document(WireRequest request) => request.Body.Length <= DocumentBytesMax
        ? request.Body.Span
        : throw new AwsException("RequestEntityTooLarge", 413, $"A document may have {DocumentBytesMax} bytes at most");

    private object? Payload(WireRequest request, Member payload)
    {
        if (request.Body.IsEmpty) return null;
        var shape = payload.Shape;
        if (shape.Kind == ShapeKind.Blob) return Scalars.Blob(shape, request.Body);
        return shape.Kind is ShapeKind.String or ShapeKind.Enum
            ? Scalars.Parse(shape, Encoding.UTF8.GetString(Document(request)), default)
                ?? throw Words.Invalid("…", payload.Name, Faults.TypeOf(shape))
            : _reader.Value(Document(request), shape, payload.Name);
    }

    private WireResponse WritePayload(
        Member payload, object? value, int status, List<KeyValuePair<string, string>> headers)
    {
        if (value is null) return new WireResponse { Status = status, Headers = headers };
        if (RestBinding.RawPayload(payload.Shape, value, status, headers) is { } raw) return raw;
        using var buffer = new PooledBuffer();
        _writer.Write(buffer, value, payload.Shape);
        return WireResponse.Of(buffer, status, ContentType, headers);
    }
}
