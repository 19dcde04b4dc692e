using System.Text;
using System.Xml;
using System.Xml.Linq;
using CsCheck;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;

namespace Kiln.Tests.Protocol.Codecs;

/// <summary>Hostile bytes get a clear 4xx, whatever they are.</summary>
public class CodecFuzzTests
{
    private const int Cases = 3000;

    private static readonly OperationShape Operation = new("Do", typeof(Everything), typeof(Everything))
    {
        Method = "POST", UriTemplate = "/do/{Text}",
    };

    private static readonly OperationShape Plain = Operation with { UriTemplate = "/do" };

    [Fact]
    public void Ec2_query() => Fuzz(new Ec2QueryCodec("urn:x"), r => r.Form(isEc2: true),
        "Number=", "&", "=", ".1", ".Child", "%", "%zz", "%C3%28",
        "Children.1.Children.1.", "Texts.99999=", "Map.1.key=");

    [Fact]
    public void Query() => Fuzz(new QueryCodec("2011-06-15", "urn:x"), r => r.Form(isEc2: false),
        "Map.entry.1.key=", "Texts.member.", ".member", ".entry", "&&&", "=", "Map.entry.1.value.x=");

    [Fact]
    public void Json() => Fuzz(new JsonCodec("1.0", "T"), r => Written(new JsonCodec("1.0", "T"), r),
        "{", "}", "[", "]", "\"", "\\ud800", "\\u0000", "null", "1e999", "-", "NaN", "\"Number\":", "__type", ",");

    [Fact]
    public void Rest_json() => Fuzz(new RestJsonCodec([Plain]), r => Written(new RestJsonCodec([Plain]), r),
        "{", "}", "[[[[[[[[", "\"", "\\ud800", "null", "1e999", "\"Child\":{", "\"Bytes\":\"%%%\"");

    [Fact]
    public void Rest_xml() => Fuzz(new RestXmlCodec([Plain]), r => Written(new RestXmlCodec([Plain]), r),
        "<", ">", "&x;", "&#0;", "</", "<!DOCTYPE a [<!ENTITY x \"y\">]>", "<Child>",
        "<Number>", "]]>", "<?", "<a xmlns:b=''/>");

    [Fact]
    public void Paths_and_queries() => Gen.Select(Gen.String, Gen.String, Gen.String).Sample((path, query, header) =>
    {
        var codec = new RestJsonCodec([Operation, Plain]);
        Expect4xx(() => codec.Read(new WireRequest
        {
            Method = "POST",
            Path = "/do/" + path,
            QueryString = query,
            Headers = new Dictionary<string, string> { ["x-amz-target"] = header },
        }, Operation));
    }, iter: Cases);

    [Fact]
    public void Deep_documents_are_refused()
    {
        Assert.Equal("SerializationException", Code(new JsonCodec("1.1", "T"), Many("{\"Child\":", 1000)));
        Assert.Equal("MalformedXML", Code(new RestXmlCodec([Plain]),
            $"<a>{Many("<Child>", 50_000)}{Many("</Child>", 50_000)}</a>"));
    }

    private static string Many(string text, int times) => string.Concat(Enumerable.Repeat(text, times));

    [Fact]
    public void Xml_is_well_formed_whatever_the_text() => Gen.String.Sample(text =>
    {
        var record = new Everything { Text = text, Texts = [text] };
        using var written = new Ec2QueryCodec("urn:x").Write(record, Operation, text);
        var root = XElement.Load(XmlReader.Create(new MemoryStream(written.Body.ToArray())));
        var carried = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(string.Concat(text.Where(IsCarried))));
        Assert.Equal(carried, root.Element("{urn:x}text")!.Value);
        Assert.Equal(carried, root.Element("{urn:x}texts")!.Element("{urn:x}item")!.Value);
    }, iter: Cases);

    private static bool IsCarried(char c) => char.IsSurrogate(c) || XmlConvert.IsXmlChar(c);

    private static void Fuzz(ICodec codec, Func<Everything, string> valid, params string[] pieces)
    {
        // Random bytes seldom get past the first check, so most cases are a valid body with something done to it.
        var records = Everything.Random(1, hasMaps: false).Select(r => Encoding.UTF8.GetBytes(valid(r)));
        var mutated = Gen.Select(records, Gen.OneOfConst(pieces), Gen.Int[0, 10_000], Gen.Int[0, 8], Gen.Byte)
            .Select((body, piece, at, cut, value) => Mutated(body, piece, at, cut, value));
        var grown = Gen.OneOfConst(pieces).Array[0, 20].Select(p => Encoding.UTF8.GetBytes(string.Concat(p)));
        Gen.OneOf(mutated, mutated, grown, Gen.Byte.Array[0, 200]).Sample(body => Expect4xx(() =>
        {
            var request = Request(body);
            codec.OperationName(request);
            codec.Read(request, Plain);
        }), iter: Cases);
    }

    private static byte[] Mutated(byte[] body, string piece, int at, int cut, byte value)
    {
        var from = at % (body.Length + 1);
        byte[] inserted = cut == 0 ? [value] : Encoding.UTF8.GetBytes(piece);
        return [.. body[..from], .. inserted, .. body[Math.Min(body.Length, from + cut)..]];
    }

    private static void Expect4xx(Action act)
    {
        try
        {
            act();
        }
        catch (AwsException error)
        {
            Assert.InRange(error.Status, 400, 499);
            Assert.NotEqual("", error.Message);
        }
    }

    private static string Code(ICodec codec, string body) =>
        Assert.Throws<AwsException>(() => codec.Read(Request(Encoding.UTF8.GetBytes(body)), Plain)).Code;

    private static string Written(ICodec codec, Everything record)
    {
        using var written = codec.Write(record, Plain, "r");
        return Encoding.UTF8.GetString(written.Body.Span);
    }

    private static WireRequest Request(byte[] body) => new()
    {
        Method = "POST", Path = "/do", Headers = new Dictionary<string, string>(), Body = body,
    };
}
