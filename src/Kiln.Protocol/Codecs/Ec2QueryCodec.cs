using System.Globalization;
using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Codecs;

/// <summary>The ec2-query protocol: a form in (POST or GET), XML out.</summary>
/// <param name="xmlNamespace">The namespace of responses, e.g. <c>http://ec2.amazonaws.com/doc/2016-11-15/</c>.</param>
/// <remarks>
/// An empty value is an absent one, unless the member is marked <see cref="Shapes.EmptyIsPresentAttribute"/> or it
/// is an element of a list of strings. Any <c>Version</c> that is a date is taken: old SDKs name older ones.
/// See https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html.
/// </remarks>
public sealed class Ec2QueryCodec(string xmlNamespace) : ICodec
{
    private const string ContentType = "text/xml;charset=UTF-8";
    private static readonly Ec2Faults Words = new();
    private readonly FormRecords _form = new(new FormRules(Ec2: true, Words));
    private readonly XmlRecords _xml = new(new XmlRules("item", CamelNames: true));

    /// <inheritdoc/>
    public string? OperationName(WireRequest request) => FormReader.Find(request, "Action"u8);

    /// <inheritdoc/>
    public object Read(WireRequest request, OperationShape operation)
    {
        var form = FormReader.Read(request);
        var version = form.Children.FirstOrDefault(c => c.Segment == "Version")?.Value;
        if (version is not null
            && !DateOnly.TryParseExact(version, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _))
            throw Words.Invalid(version, "Version", "It is no date of the form 2016-11-15");
        return _form.Read(form, operation.RequestShape);
    }

    /// <inheritdoc/>
    public WireResponse Write(object response, OperationShape operation, string requestId)
    {
        using var xml = new XmlWriter();
        xml.Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<"u8);
        xml.Text(operation.Name);
        xml.Raw("Response xmlns=\""u8);
        xml.Text(xmlNamespace);
        xml.Raw("\">"u8);
        xml.Element("requestId", requestId);
        _xml.Content(xml, response, operation.ResponseShape);
        xml.Raw("</"u8);
        xml.Text(operation.Name);
        xml.Raw("Response>"u8);
        return WireResponse.Of(xml.Buffer, operation.SuccessStatus, ContentType);
    }

    /// <inheritdoc/>
    public WireResponse WriteError(AwsException error, string requestId)
    {
        using var xml = new XmlWriter();
        xml.Raw("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error>"u8);
        xml.Element("Code", error.Code);
        xml.Element("Message", error.Message);
        foreach (var (name, value) in error.Members) xml.Element(name, value);
        xml.Raw("</Error></Errors>"u8);
        xml.Element("RequestID", requestId);
        xml.Raw("</Response>"u8);
        return WireResponse.Of(xml.Buffer, error.Status, ContentType);
    }
}
