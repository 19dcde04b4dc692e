using System.Text;
using CsCheck;
using Kiln.Protocol.Codecs;
using Kiln.Protocol.Signing;

namespace Kiln.Tests.Protocol.Signing;

/// <summary>AWS's published example of a signed upload in chunks, the trailers, and what is refused.</summary>
public class AwsChunkedBodyTests
{
    private const string Secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    private const int BytesMax = 1 << 20;

    private static readonly DateTimeOffset Now = new(2013, 5, 24, 0, 0, 0, TimeSpan.Zero);

    private static readonly string Example =
        "10000;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"
        + new string('a', 65536)
        + "\r\n400;chunk-signature=0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"
        + new string('a', 1024)
        + "\r\n0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n\r\n";

    [Fact]
    public void Published_example_verifies_and_decodes()
    {
        var request = Published(Example);
        var claim = SigV4.ReadClaim(request)!;
        SigV4.Verify(claim, request, Secret, Now);
        var decoded = AwsChunkedBody.Decode(claim, request, Secret, BytesMax);
        Assert.Equal(66560, decoded.Body.Length);
        Assert.True(decoded.Body.Span.IndexOfAnyExcept((byte)'a') < 0);
    }

    [Theory]
    [InlineData("\r\naaaa", "\r\naaab", SignatureFailure.Mismatch)]
    [InlineData("0055627c", "0055627d", SignatureFailure.Mismatch)]
    [InlineData("400;chunk-signature=", "401;chunk-signature=", SignatureFailure.MalformedBody)]
    [InlineData("400;chunk-signature=", "zz;chunk-signature=", SignatureFailure.MalformedBody)]
    [InlineData("400;chunk-signature=", "400;signature=", SignatureFailure.MalformedBody)]
    [InlineData("\r\n0;chunk", "\r\n", SignatureFailure.MalformedBody)]
    public void Changed_chunks_are_refused(string from, string to, SignatureFailure reason)
    {
        var at = Example.IndexOf(from, StringComparison.Ordinal);
        var request = Published(string.Concat(Example.AsSpan(0, at), to, Example.AsSpan(at + from.Length)));
        SigV4Tests.Refused(reason, () => AwsChunkedBody.Decode(SigV4.ReadClaim(request)!, request, Secret, BytesMax));
    }

    [Fact]
    public void Unsigned_chunks_bring_trailers()
    {
        var request = Unsigned("5\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n", 11);
        var decoded = AwsChunkedBody.Decode(Claim(request), request, Secret, BytesMax);
        Assert.Equal("hello world", Encoding.UTF8.GetString(decoded.Body.Span));
        Assert.Equal("DUoRhQ==", decoded.Header("x-amz-checksum-crc32"));
    }

    [Theory]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", 6)]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", 4)]
    [InlineData("5\r\nhello\r\n0\r\n\r\n", 2_000_000)]
    [InlineData("5\r\nhello\r\n", 5)]
    [InlineData("5\r\nhel", 5)]
    [InlineData("-1\r\nhello\r\n0\r\n\r\n", 5)]
    [InlineData("5\r\nhello0\r\n0\r\n\r\n", 5)]
    [InlineData("5\r\nhello\r\n0\r\nno trailer\r\n\r\n", 5)]
    [InlineData("5\r\nhello\r\n0\r\na:b\r\na:c\r\n\r\n", 5)]
    [InlineData("5\r\nhello\r\n0\r\na:b\r\n\r\nmore", 5)]
    public void Broken_framing_is_refused(string body, int length)
    {
        var request = Unsigned(body, length);
        SigV4Tests.Refused(SignatureFailure.MalformedBody, () =>
            AwsChunkedBody.Decode(Claim(request), request, Secret, BytesMax));
    }

    [Fact]
    public void Other_bodies_are_left_alone()
    {
        var request = SigV4Tests.Request("PUT", "/", "", new() { ["host"] = "h" }, "5\r\nhello");
        Assert.Same(request, AwsChunkedBody.Decode(Claim(request), request, Secret, BytesMax));
    }

    [Fact]
    public void Hostile_bytes_are_refused_and_nothing_else() => Gen.Select(
        Gen.OneOfConst(
            "5\r\n", "hello", "\r\n", "0\r\n", "a:b\r\n", "ffffffff\r\n", ";chunk-signature=", "\n", ":",
            "7fffffff\r\n")
            .Array[0, 12].Select(p => string.Concat(p)),
        Gen.Byte.Array[0, 30], Gen.Int[0, 40], Gen.Bool).Sample((text, bytes, length, isSigned) =>
        {
            var request = Unsigned(text + Encoding.Latin1.GetString(bytes), length,
                isSigned ? AwsChunkedBody.SignedTrailer : AwsChunkedBody.UnsignedTrailer);
            try
            {
                AwsChunkedBody.Decode(Claim(request), request, Secret, BytesMax);
            }
            catch (SignatureException)
            {
            }
        }, iter: 5000);

    private static SignatureClaim Claim(WireRequest request) =>
        SigV4.ReadClaim(SigV4Tests.Add(request, new Signer("A", Secret, null, "us-east-1", "s3").Sign(request, Now)))!;

    private static WireRequest Unsigned(string body, int length, string kind = AwsChunkedBody.UnsignedTrailer) =>
        SigV4Tests.Request("PUT", "/", "", new()
        {
            ["host"] = "h",
            ["x-amz-content-sha256"] = kind,
            ["x-amz-decoded-content-length"] = length.ToString(System.Globalization.CultureInfo.InvariantCulture),
        }, body);

    private static WireRequest Published(string body) =>
        SigV4Tests.Request("PUT", "/examplebucket/chunkObject.txt", "", new()
        {
            ["host"] = "s3.amazonaws.com",
            ["x-amz-date"] = "20130524T000000Z",
            ["x-amz-storage-class"] = "REDUCED_REDUNDANCY",
            ["x-amz-content-sha256"] = AwsChunkedBody.Signed,
            ["content-encoding"] = "aws-chunked",
            ["x-amz-decoded-content-length"] = "66560",
            ["content-length"] = "66824",
            ["authorization"] = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                + "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                + "x-amz-decoded-content-length;x-amz-storage-class,"
                + "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
        }, body);
}
