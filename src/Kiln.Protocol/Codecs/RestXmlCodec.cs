using System.Text;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Protocol.Codecs;

/// <summary>The rest-xml protocol of S3.</summary>
public sealed class RestXmlCodec : ICodec
{
    private const string ContentType = "application/xml";

    /// <summary>The largest document: CompleteMultipartUpload with 10,000 parts takes about 1.5 MiB.</summary>
    private const int DocumentBytesMax = 2 << 20;

    private static readonly ValidationFaults Words = new("InvalidArgument", "MalformedXML");
    private static readonly XmlRules Rules = new("member", CamelNames: false);
    private readonly RouteTable _routes;
    private readonly RestBinding _binding = new(Words);
    private readonly XmlRecordReader _reader = new(Rules, Words);
    private readonly XmlRecords _xml = new(Rules);
    private readonly string _requestIdHeader;
    private readonly bool _wrapErrors;
    private readonly (string, string)? _namespace;

    /// <summary>Makes the codec of a service.</summary>
    /// <param name="operations">All operations, with method and URI template.</param>
    /// <param name="xmlNamespace">The namespace of response documents; null for none.</param>
    /// <param name="requestIdHeader">The header of the request id: <c>x-amz-request-id</c> in S3.</param>
    /// <param name="wrapErrors">Whether an error stands in an <c>ErrorResponse</c>; not so in S3.</param>
    public RestXmlCodec(
        IEnumerable<OperationShape> operations,
        string? xmlNamespace = null,
        string requestIdHeader = "x-amz-request-id",
        bool wrapErrors = false)
    {
        _routes = new RouteTable(operations);
        _namespace = xmlNamespace is null ? null : ("", xmlNamespace);
        _requestIdHeader = requestIdHeader;
        _wrapErrors = wrapErrors;
    }

    /// <inheritdoc/>
    public string? OperationName(WireRequest request) => _routes.Match(request)?.Route.Name;

    /// <inheritdoc/>
    public object Read(WireRequest request, OperationShape operation)
    {
        var shape = operation.RequestShape;
        var values = new object?[shape.Members.Count];
        var match = _routes.Match(request)
            ?? throw new AwsException(
                "MethodNotAllowed", 405, "The specified method is not allowed against this resource.");
        _binding.Read(request, match, shape, values);
        if (shape.Members.FirstOrDefault(m => m.Location == MemberLocation.Payload) is { } payload)
            values[payload.Index] = Payload(request, payload);
        else if (!request.Body.IsEmpty && shape.Members.Any(m => m.Location == MemberLocation.Body))
            _reader.Members(_reader.Parse(Document(request)), shape, values, "");
        return _reader.Made(shape, values, "");
    }

    /// <inheritdoc/>
    public WireResponse Write(object response, OperationShape operation, string requestId)
    {
        var shape = operation.ResponseShape;
        var headers = RestBinding.Headers(response, shape, _requestIdHeader, requestId);
        var status = RestBinding.Status(response, operation);
        if (shape.Members.FirstOrDefault(m => m.Location == MemberLocation.Payload) is { } payload)
            return WritePayload(payload, payload.Get(response), status, headers);
        return shape.Members.Any(m => m.IsInResponseBody)
            ? Written(response, shape, shape.XmlName ?? operation.Name + "Response", status, headers)
            : new WireResponse { Status = status, Headers = headers };
    }

    /// <inheritdoc/>
    public WireResponse WriteError(AwsException error, string requestId)
    {
        using var xml = new XmlWriter();
        xml.Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"u8);
        if (_wrapErrors) xml.Open("ErrorResponse");
        xml.Open("Error");
        if (_wrapErrors) xml.Element("Type", error.Status < 500 ? "Sender" : "Receiver");
        xml.Element("Code", error.Code);
        xml.Element("Message", error.Message);
        foreach (var (name, value) in error.Members) xml.Element(name, value);
        if (_wrapErrors) xml.Close("Error");
        xml.Element("RequestId", requestId);
        xml.Close(_wrapErrors ? "ErrorResponse" : "Error");
        return WireResponse.Of(xml.Buffer, error.Status, ContentType, [new(_requestIdHeader, requestId)]);
    }

    private static ReadOnlyMemory<byte> Document(WireRequest request) => request.Body.Length <= DocumentBytesMax
        ? request.Body
        : throw new AwsException("MaxMessageLengthExceeded", 400, "Your request was too big.");

    private object? Payload(WireRequest request, Member payload)
    {
        if (request.Body.IsEmpty) return null;
        var shape = payload.Shape;
        if (shape.Kind == ShapeKind.Blob) return Scalars.Blob(shape, request.Body);
        return shape.Kind is ShapeKind.String or ShapeKind.Enum
            ? Scalars.Parse(shape, Encoding.UTF8.GetString(Document(request).Span), default)
                ?? throw Words.Invalid("…", payload.Name, Faults.TypeOf(shape))
            : _reader.Value(_reader.Parse(Document(request)), shape, payload, payload.Name);
    }

    private WireResponse WritePayload(
        Member payload, object? value, int status, List<KeyValuePair<string, string>> headers)
    {
        if (value is null) return new WireResponse { Status = status, Headers = headers };
        var root = payload.ResponseWire ?? payload.Shape.XmlName ?? payload.Shape.Name;
        return RestBinding.RawPayload(payload.Shape, value, status, headers)
            ?? Written(value, payload.Shape, root, status, headers);
    }

    private WireResponse Written(
        object record, Shape shape, string root, int status, List<KeyValuePair<string, string>> headers)
    {
        using var xml = new XmlWriter();
        xml.Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"u8);
        _xml.Structure(xml, record, shape,
            XmlMemberPlan.OpenTag(root, shape.XmlNamespace ?? _namespace), XmlMemberPlan.CloseTag(root));
        return WireResponse.Of(xml.Buffer, status, ContentType, headers);
    }
}
