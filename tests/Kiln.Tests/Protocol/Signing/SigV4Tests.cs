using Kiln.Protocol.Codecs;
using Kiln.Protocol.Signing;

namespace Kiln.Tests.Protocol.Signing;

/// <summary>The examples that AWS publishes, and what is refused.</summary>
public class SigV4Tests
{
    private const string EmptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    private const string Secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private const string S3Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    private static readonly DateTimeOffset Now = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset S3Now = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    // aws-sig-v4-test-suite: get-vanilla, get-vanilla-query-order-key-case, get-unreserved, post-vanilla.
    [InlineData("GET", "/", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData(
        "GET", "/", "Param2=value2&Param1=value1", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500")]
    [InlineData(
        "GET", "/", "Param1=value2&Param1=Value1", "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1")]
    [InlineData("POST", "/", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b")]
    // normalize-path: get-relative, get-slash, get-slashes, get-slash-dot-slash, get-relative-relative.
    [InlineData("GET", "/example/..", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "//", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "/./", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData(
        "GET", "/example1/example2/../..", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31")]
    [InlineData("GET", "//example//", "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84")]
    public void Suite(string method, string path, string query, string signature)
    {
        var request = Request(method, path, query, new()
        {
            ["host"] = "example.amazonaws.com",
            ["x-amz-date"] = "20150830T123600Z",
            ["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                + $"SignedHeaders=host;x-amz-date, Signature={signature}",
        });
        var claim = SigV4.ReadClaim(request)!;
        Assert.Equal(("AKIDEXAMPLE", "us-east-1", "service", Now),
            (claim.AccessKeyId, claim.Region, claim.Service, claim.SignedAt));
        SigV4.Verify(claim, request, Secret, Now);
    }

    [Fact]
    public void Iam_list_users()
    {
        var request = Request("GET", "/", "Action=ListUsers&Version=2010-05-08", new()
        {
            ["host"] = "iam.amazonaws.com",
            ["content-type"] = "application/x-www-form-urlencoded; charset=utf-8",
            ["x-amz-date"] = "20150830T123600Z",
            ["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date, "
                + "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        });
        SigV4.Verify(SigV4.ReadClaim(request)!, request, Secret, Now);
    }

    [Fact]
    public void S3_get_object_and_put_object_with_a_dollar_sign()
    {
        var get = Request("GET", "/test.txt", "", new()
        {
            ["host"] = "examplebucket.s3.amazonaws.com",
            ["range"] = "bytes=0-9",
            ["x-amz-content-sha256"] = EmptyHash,
            ["x-amz-date"] = "20130524T000000Z",
            ["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
                + "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        });
        SigV4.Verify(SigV4.ReadClaim(get)!, get, S3Secret, S3Now);

        var put = Request("PUT", "/test$file.text", "", new()
        {
            ["host"] = "examplebucket.s3.amazonaws.com",
            ["date"] = "Fri, 24 May 2013 00:00:00 GMT",
            ["x-amz-content-sha256"] = "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            ["x-amz-date"] = "20130524T000000Z",
            ["x-amz-storage-class"] = "REDUCED_REDUNDANCY",
            ["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
                + "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        }, "Welcome to Amazon S3.");
        SigV4.Verify(SigV4.ReadClaim(put)!, put, S3Secret, S3Now);
    }

    [Fact]
    public void S3_presigned_holds_until_it_expires()
    {
        var request = Request("GET", "/test.txt",
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
            + "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            new() { ["host"] = "examplebucket.s3.amazonaws.com" });
        var claim = SigV4.ReadClaim(request)!;
        Assert.Equal(TimeSpan.FromDays(1), claim.Expires);
        SigV4.Verify(claim, request, S3Secret, S3Now.AddDays(1));
        Refused(SignatureFailure.Expired, () => SigV4.Verify(claim, request, S3Secret, S3Now.AddDays(1).AddSeconds(1)));
        Refused(SignatureFailure.NotYetValid, () => SigV4.Verify(claim, request, S3Secret, S3Now.AddMinutes(-6)));
    }

    [Theory]
    [InlineData(5, null)]
    [InlineData(-5, null)]
    [InlineData(5.1, SignatureFailure.Expired)]
    [InlineData(-5.1, SignatureFailure.NotYetValid)]
    public void Skew(double minutes, SignatureFailure? expected)
    {
        var request = Signed("POST", "/", "Action=DescribeImages");
        void Verify() => SigV4.Verify(SigV4.ReadClaim(request)!, request, Secret, Now.AddMinutes(minutes));
        if (expected is { } reason) Refused(reason, Verify);
        else Verify();
    }

    [Fact]
    public void Changed_body_query_path_header_or_key_is_refused()
    {
        var good = Signed("POST", "/a%20b", "Action=DescribeImages", "X=%2B&Y=a+b");
        SigV4.Verify(SigV4.ReadClaim(good)!, good, Secret, Now);
        Refused(SignatureFailure.BodyMismatch, () => Verify(good.WithBody("Action=DeregisterImage"u8.ToArray())));
        Refused(SignatureFailure.Mismatch, () => Verify(With(good, query: "X=%2B&Y=a+c")));
        Refused(SignatureFailure.Mismatch, () => Verify(With(good, path: "/a%20c")));
        Refused(SignatureFailure.Mismatch, () => Verify(With(good, host: "elsewhere")));
        Refused(SignatureFailure.Mismatch, () => SigV4.Verify(SigV4.ReadClaim(good)!, good, Secret + "x", Now));
        static void Verify(WireRequest request) => SigV4.Verify(SigV4.ReadClaim(request)!, request, Secret, Now);
    }

    [Fact]
    public void Session_token_is_read_and_signed()
    {
        var request = Request("GET", "/", "", new() { ["host"] = "h" });
        var signer = new Signer("ASIA", Secret, "token/+=", "eu-west-1", "sts");
        var header = Add(request, signer.Sign(request, Now));
        Assert.Equal("token/+=", SigV4.ReadClaim(header)!.SessionToken);
        Assert.Contains("x-amz-security-token", SigV4.ReadClaim(header)!.SignedHeaders);

        var presigned = With(request, query: signer.Presign(request, Now, TimeSpan.FromMinutes(10)));
        Assert.Equal("token/+=", SigV4.ReadClaim(presigned)!.SessionToken);
        SigV4.Verify(SigV4.ReadClaim(presigned)!, presigned, Secret, Now.AddMinutes(9));
    }

    [Fact]
    public void Unsigned_requests_have_no_claim()
    {
        Assert.Null(SigV4.ReadClaim(Request("GET", "/", "", new() { ["host"] = "h" })));
        Assert.Null(SigV4.ReadClaim(Request("GET", "/", "", new() { ["authorization"] = "Bearer x" })));
    }

    [Theory]
    [InlineData("AWS AKID:sig")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=x-amz-date, Signature=00")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20150831/r/s/aws4_request, SignedHeaders=host, Signature=00")]
    [InlineData("AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws5, SignedHeaders=host, Signature=00")]
    [InlineData("AWS4-HMAC-SHA256 nonsense")]
    public void Malformed_is_refused(string authorization) => Refused(SignatureFailure.Malformed, () =>
        SigV4.ReadClaim(
            Request("GET", "/", "", new() { ["authorization"] = authorization, ["x-amz-date"] = "20150830T123600Z" })));

    [Fact]
    public void An_algorithm_alone_lacks_the_rest() => Assert.Contains("not a valid key=value pair",
        Assert.Throws<SignatureException>(() => SigV4.ReadClaim(
            Request("GET", "/", "", new() { ["authorization"] = "AWS4-HMAC-SHA256" }))).Message,
        StringComparison.Ordinal);

    internal static void Refused(SignatureFailure reason, Action act) =>
        Assert.Equal(reason, Assert.Throws<SignatureException>(act).Reason);

    internal static WireRequest Request(
        string method, string path, string query, Dictionary<string, string> headers, string body = "") => new()
        {
            Method = method,
            Path = path,
            QueryString = query,
            Headers = headers,
            Body = System.Text.Encoding.UTF8.GetBytes(body),
        };

    internal static WireRequest Add(WireRequest request, IEnumerable<KeyValuePair<string, string>> headers)
    {
        var all = new Dictionary<string, string>(request.Headers);
        foreach (var (name, value) in headers) all[name] = value;
        return new WireRequest
        {
            Method = request.Method, Path = request.Path, QueryString = request.QueryString, Headers = all,
                Body = request.Body,
        };
    }

    private static WireRequest Signed(string method, string path, string body, string query = "")
    {
        var request = Request(method, path, query, new()
        {
            ["host"] = "localhost:4566",
            ["content-type"] = "application/x-www-form-urlencoded",
        }, body);
        return Add(request, new Signer("AKIDEXAMPLE", Secret, null, "us-east-1", "ec2").Sign(request, Now));
    }

    private static WireRequest With(WireRequest request, string? path = null, string? query = null, string? host = null)
    {
        var changed = new WireRequest
        {
            Method = request.Method,
            Path = path ?? request.Path,
            QueryString = query ?? request.QueryString,
            Headers = request.Headers,
            Body = request.Body,
        };
        return host is null ? changed : Add(changed, [new("host", host)]);
    }
}
