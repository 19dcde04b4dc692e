using System.Text;
using CsCheck;
using Kiln.Protocol.Codecs;

namespace Kiln.Tests.Protocol.Codecs;

/// <summary>What one side writes the other reads back unchanged, for every codec.</summary>
public class RoundTripTests
{
    private static readonly OperationShape Operation = new("Do", typeof(Everything), typeof(Everything))
    {
        Method = "POST", UriTemplate = "/do",
    };

    [Fact]
    public void Ec2_form() => Everything.Random(2, hasMaps: false).Sample(record => Same(record,
        new Ec2QueryCodec("urn:x"), Encoding.UTF8.GetBytes(record.Form(isEc2: true))));

    [Fact]
    public void Query_form() => Everything.Random(2).Sample(record => Same(record,
        new QueryCodec("2011-06-15", "urn:x"), Encoding.UTF8.GetBytes(record.Form(isEc2: false))));

    [Fact]
    public void Json() => Everything.Random(2).Sample(record => Echo(record, new JsonCodec("1.1", "T")));

    [Fact]
    public void Json_in_camel_case() => Everything.Random(2).Sample(record =>
        Echo(record, new JsonCodec("1.1", "T", camelNames: true)));

    [Fact]
    public void Rest_json() => Everything.Random(2).Sample(record => Echo(record, new RestJsonCodec([Operation])));

    [Fact]
    public void Rest_xml() => Everything.Random(2).Sample(record =>
        Echo(record, new RestXmlCodec([Operation], "urn:x")));

    private static void Echo(Everything record, ICodec codec)
    {
        using var written = codec.Write(record, Operation, "r");
        Same(record, codec, written.Body);
    }

    private static void Same(Everything record, ICodec codec, ReadOnlyMemory<byte> body)
    {
        var request = new WireRequest
        {
            Method = "POST", Path = "/do", Headers = new Dictionary<string, string>(), Body = body,
        };
        Assert.Equal(record.Spelt(), ((Everything)codec.Read(request, Operation)).Spelt());
    }
}
