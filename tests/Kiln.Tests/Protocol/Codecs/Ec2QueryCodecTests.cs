using System.ComponentModel.DataAnnotations;
using System.Runtime.Serialization;
using System.Text;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;

namespace Kiln.Tests.Protocol.Codecs;

public class Ec2QueryCodecTests
{
    private static readonly Ec2QueryCodec Codec = new("http://ec2.amazonaws.com/doc/2016-11-15/");
    private static readonly OperationShape Operation = new("MakeImage", typeof(Request), typeof(Response));

    public enum Architecture
    {
        Arm64,
        [EnumMember(Value = "x86_64")] X8664,
    }

    [Unsupported("Outposts only", "OutpostArn", "NetworkInterfaces")]
    public sealed record Request
    {
        [Length(3, 10)] public required string Name { get; init; }
        public string Description { get; init; } = "none";
        public bool? DryRun { get; init; }
        [Range(1, 1000)] public int? MaxResults { get; init; }
        public Architecture? Architecture { get; init; }
        public Profile? Profile { get; init; }
        [Wire("BlockDeviceMapping")] public IReadOnlyList<Mapping> BlockDeviceMappings { get; init; } = [];
        [Wire("Owner"), MaxLength(3)] public IReadOnlyList<string> Owners { get; init; } = [];
        [Unsupported("no placement here")] public string? Placement { get; init; }
        [Unsupported("no licences here"), Wire("Licence")] public IReadOnlyList<string> Licences { get; init; } = [];
    }

    public sealed record Profile(string Name);

    public sealed record Mapping
    {
        public required string DeviceName { get; init; }
        [EmptyIsPresent] public string? NoDevice { get; init; }
        public Ebs? Ebs { get; init; }
    }

    public sealed record Ebs(string? SnapshotId, long VolumeSize = 8);

    public sealed record Response
    {
        [Wire("imageId")] public required string ImageId { get; init; }
        public required Architecture Architecture { get; init; }
        public Architecture? Before { get; init; }
        public DateTimeOffset? CreationTime { get; init; }
        public bool? Public { get; init; }
        [Wire("blockDeviceMapping")] public IReadOnlyList<Mapping> BlockDeviceMappings { get; init; } = [];
        [Wire("groupSet"), Element("groupId")] public IReadOnlyList<string>? Groups { get; init; }
    }

    [Fact]
    public void Reads_scalars_structures_and_lists_by_number()
    {
        var request =
            Read("Action=MakeImage&Version=2016-11-15&Name=a%20b%2Bc+d&DryRun=true&MaxResults=7&Architecture=x86_64"
            + "&BlockDeviceMapping.10.DeviceName=/dev/sdb&BlockDeviceMapping.10.NoDevice="
            + "&BlockDeviceMapping.2.DeviceName=/dev/sda&BlockDeviceMapping.2.Ebs.SnapshotId=snap-1&Owner.1=self");
        Assert.Equal(("a b+c d", "none", true, 7, Architecture.X8664),
            (request.Name, request.Description, request.DryRun!.Value, request.MaxResults!.Value,
                request.Architecture!.Value));
        Assert.Equal(["/dev/sda", "/dev/sdb"], request.BlockDeviceMappings.Select(m => m.DeviceName));
        Assert.Equal(new Ebs("snap-1"), request.BlockDeviceMappings[0].Ebs);
        Assert.Null(request.BlockDeviceMappings[0].NoDevice);
        Assert.Equal("", request.BlockDeviceMappings[1].NoDevice);
        Assert.Equal(["self"], request.Owners);
    }

    [Fact]
    public void Reads_the_query_string_of_a_get()
    {
        var request = (Request)Codec.Read(new WireRequest
        {
            Method = "GET", Path = "/", QueryString = "Action=MakeImage&Name=abc&X-Amz-Date=1",
                Headers = new Dictionary<string, string>(),
        }, Operation);
        Assert.Equal("abc", request.Name);
    }

    [Fact]
    public void Empty_values_are_absent()
    {
        var request =
            Read(
            "Name=abc&Description=&Profile.Name=&Placement=&Licence.1.Arn=&Architecture="
            + "&BlockDeviceMapping.1.Ebs.SnapshotId=&MaxResults=");
        Assert.Equal("none", request.Description);
        Assert.Null(request.Profile);
        Assert.Null(request.MaxResults);
        Assert.Empty(request.Owners);
        Assert.Empty(request.BlockDeviceMappings);
        Assert.Equal(["", "self"], Read("Name=abc&Owner.1=&Owner.2=self").Owners);
    }

    [Theory]
    [InlineData("", "MissingParameter", "The request must contain the parameter Name")]
    [InlineData("Name=", "MissingParameter", "The request must contain the parameter Name")]
    [InlineData("Name=abc&BlockDeviceMapping.1.Ebs.VolumeSize=1", "MissingParameter",
        "The request must contain the parameter BlockDeviceMapping.1.DeviceName")]
    [InlineData("Name=ab", "InvalidParameterValue",
        "Value (ab) for parameter Name is invalid. Member must have length greater than or equal to 3.")]
    [InlineData("Name=abc&MaxResults=0", "InvalidParameterValue",
        "Value (0) for parameter MaxResults is invalid. Member must have value greater than or equal to 1.")]
    [InlineData("Name=abc&MaxResults=x", "InvalidParameterValue",
        "Value (x) for parameter MaxResults is invalid. Member must be of type integer.")]
    [InlineData("Name=abc&Architecture=X86_64", "InvalidParameterValue",
        "Value (X86_64) for parameter Architecture is invalid. Member must satisfy enum value set: [arm64, x86_64].")]
    [InlineData("Name=abc&Owner.1=a&Owner.2=b&Owner.3=c&Owner.4=d", "InvalidParameterValue",
        "Value (4 values) for parameter Owner is invalid. Member must have length less than or equal to 3.")]
    [InlineData("Name=abc&Nmae=x", "UnknownParameter", "The parameter Nmae is not recognized")]
    [InlineData("Name=abc&Owner.x=1", "UnknownParameter", "The parameter Owner.x is not recognized")]
    [InlineData("Name=abc&Owner.01=1", "UnknownParameter", "The parameter Owner.01 is not recognized")]
    [InlineData("Name=abc&Owner.10001=1", "UnknownParameter", "The parameter Owner.10001 is not recognized")]
    [InlineData("Name=abc&BlockDeviceMapping.1.Size=1", "UnknownParameter",
        "The parameter BlockDeviceMapping.1.Size is not recognized")]
    [InlineData(
        "Name=abc&Placement=x", "UnsupportedOperation", "The parameter Placement is not supported: no placement here.")]
    [InlineData("Name=abc&Licence.1.Arn=x", "UnsupportedOperation",
        "The parameter Licence is not supported: no licences here.")]
    [InlineData(
        "Name=abc&OutpostArn=x", "UnsupportedOperation", "The parameter OutpostArn is not supported: Outposts only.")]
    [InlineData("Name=abc&NetworkInterface.1.X=x", "UnsupportedOperation",
        "The parameter NetworkInterface is not supported: Outposts only.")]
    [InlineData("Name=abc&Name=abd", "MalformedQueryString", "The parameter Name is given twice")]
    [InlineData(
        "Name=%4", "MalformedQueryString", "The query string contains a '%' that two hexadecimal digits do not follow")]
    [InlineData("Name=%ff", "MalformedQueryString", "The query string is not UTF-8")]
    [InlineData("Name=abc&Version=new", "InvalidParameterValue",
        "Value (new) for parameter Version is invalid. It is no date of the form 2016-11-15.")]
    public void Refuses(string form, string code, string message)
    {
        var error = Assert.Throws<AwsException>(() => Read(form));
        Assert.Equal((code, 400, message), (error.Code, error.Status, error.Message));
    }

    [Fact]
    public void Refuses_what_passes_the_limits()
    {
        string Code(string form) => Assert.Throws<AwsException>(() => Read(form)).Code;
        Assert.Equal(
            "MalformedQueryString", Code(string.Join('&', Enumerable.Range(1, 10_001).Select(i => $"Owner.{i}=a"))));
        Assert.Equal("MalformedQueryString", Code(new string('n', 513) + "=1"));
        Assert.Equal("MalformedQueryString", Code(string.Join('.', Enumerable.Repeat("a", 17)) + "=1"));
        Assert.Equal("RequestEntityTooLarge", Code("Name=" + new string('n', 1 << 20)));
    }

    [Fact]
    public void Writes_a_response()
    {
        using var written = Codec.Write(new Response
        {
            ImageId = "ami-1",
            Architecture = Architecture.X8664,
            CreationTime = new DateTimeOffset(2021, 9, 29, 13, 4, 43, TimeSpan.FromHours(2)),
            Public = false,
            BlockDeviceMappings = [new Mapping { DeviceName = "<&>\"\u0001é😀", Ebs = new Ebs(null, 10) }],
            Groups = ["sg-1", "sg-2"],
        }, Operation, "r-1");
        Assert.Equal("text/xml;charset=UTF-8", written.ContentType);
        Assert.Equal("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + "<MakeImageResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r-1</requestId>"
            + "<imageId>ami-1</imageId><architecture>x86_64</architecture>"
            + "<creationTime>2021-09-29T11:04:43.000Z</creationTime>"
            + "<public>false</public><blockDeviceMapping><item><deviceName>&lt;&amp;&gt;&quot;é😀</deviceName>"
            + "<ebs><volumeSize>10</volumeSize></ebs></item></blockDeviceMapping>"
            + "<groupSet><groupId>sg-1</groupId><groupId>sg-2</groupId></groupSet></MakeImageResponse>",
            Encoding.UTF8.GetString(written.Body.Span));
    }

    [Fact]
    public void Writes_an_error()
    {
        using var written = Codec.WriteError(
            new AwsException("InvalidAMIID.NotFound", 400, "The image id '[<x>]' does not exist"), "r-1");
        Assert.Equal(400, written.Status);
        Assert.Equal(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Errors><Error><Code>InvalidAMIID.NotFound</Code>"
            + "<Message>The image id '[&lt;x&gt;]' does not exist</Message></Error></Errors>"
            + "<RequestID>r-1</RequestID></Response>",
            Encoding.UTF8.GetString(written.Body.Span));
    }

    private static Request Read(string form) => (Request)Codec.Read(new WireRequest
    {
        Method = "POST", Path = "/", Headers = new Dictionary<string, string>(), Body = Encoding.UTF8.GetBytes(form),
    }, Operation);
}
