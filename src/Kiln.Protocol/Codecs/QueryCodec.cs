using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Codecs;

/// <summary>The query protocol of STS, IAM and Auto Scaling: a form in, XML with a result wrapper out.</summary>
/// <param name="version">The API version, e.g. <c>2011-06-15</c>; a request that names another is refused.</param>
/// <param name="xmlNamespace">The namespace of responses, e.g.
/// <c>https://sts.amazonaws.com/doc/2011-06-15/</c>.</param>
public sealed class QueryCodec(string version, string xmlNamespace) : ICodec
{
    private const string ContentType = "text/xml";
    private static readonly ValidationFaults Words = new("ValidationError", "MalformedQueryString");
    private readonly FormRecords _form = new(new FormRules(Ec2: false, Words));
    private readonly XmlRecords _xml = new(new XmlRules("member", CamelNames: false));

    /// <inheritdoc/>
    public string? OperationName(WireRequest request) => FormReader.Find(request, "Action"u8);

    /// <inheritdoc/>
    public object Read(WireRequest request, OperationShape operation)
    {
        var form = FormReader.Read(request);
        var asked = form.Children.FirstOrDefault(c => c.Segment == "Version")?.Value;
        if (asked is not null && asked != version)
        {
            throw new AwsException("InvalidAction", 400,
                $"Could not find operation {operation.Name} for version {Faults.Quoted(asked)}");
        }

        return _form.Read(form, operation.RequestShape);
    }

    /// <inheritdoc/>
    public WireResponse Write(object response, OperationShape operation, string requestId)
    {
        using var xml = new XmlWriter();
        xml.Raw("<"u8);
        xml.Text(operation.Name);
        xml.Raw("Response xmlns=\""u8);
        xml.Text(xmlNamespace);
        xml.Raw("\">"u8);
        if (operation.ResponseShape.Members.Count > 0)
        {
            var result = operation.Name + "Result";
            xml.Open(result);
            _xml.Content(xml, response, operation.ResponseShape);
            xml.Close(result);
        }

        xml.Raw("<ResponseMetadata>"u8);
        xml.Element("RequestId", requestId);
        xml.Raw("</ResponseMetadata></"u8);
        xml.Text(operation.Name);
        xml.Raw("Response>"u8);
        return WireResponse.Of(xml.Buffer, operation.SuccessStatus, ContentType);
    }

    /// <inheritdoc/>
    public WireResponse WriteError(AwsException error, string requestId)
    {
        using var xml = new XmlWriter();
        xml.Raw("<ErrorResponse xmlns=\""u8);
        xml.Text(xmlNamespace);
        xml.Raw("\"><Error>"u8);
        xml.Element("Type", error.Status < 500 ? "Sender" : "Receiver");
        xml.Element("Code", error.Code);
        xml.Element("Message", error.Message);
        foreach (var (name, value) in error.Members) xml.Element(name, value);
        xml.Raw("</Error>"u8);
        xml.Element("RequestId", requestId);
        xml.Raw("</ErrorResponse>"u8);
        return WireResponse.Of(xml.Buffer, error.Status, ContentType);
    }
}
