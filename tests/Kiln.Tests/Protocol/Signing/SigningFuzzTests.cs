using CsCheck;
using Kiln.Protocol.Signing;

namespace Kiln.Tests.Protocol.Signing;

/// <summary>Hostile signatures are refused with a reason, whatever they are.</summary>
public class SigningFuzzTests
{
    private static readonly DateTimeOffset Now = new(2015, 8, 30, 12, 36, 0, TimeSpan.Zero);

    private static readonly Gen<string> Header = Gen.OneOfConst(
        "AWS4-HMAC-SHA256 ", "Credential=", "A/20150830/r/s/aws4_request", ",", "SignedHeaders=", "host", ";",
        "Signature=", "00", " ", "=", "AWS ", "/", "x-amz-date", "%", "\u00e9", new string('a', 64))
        .Array[0, 12].Select(p => string.Concat(p));

    private static readonly Gen<string> Query = Gen.OneOfConst(
        "X-Amz-Signature=", "X-Amz-Algorithm=AWS4-HMAC-SHA256", "&",
        "X-Amz-Credential=A%2F20150830%2Fr%2Fs%2Faws4_request", "X-Amz-Date=20150830T123600Z", "X-Amz-Expires=", "60",
        "X-Amz-SignedHeaders=host", "%", "%zz", "=", "+", "\u00e9", "00", "X-Amz-Security-Token=%ff")
        .Array[0, 14].Select(p => string.Concat(p));

    [Fact]
    public void Headers_and_queries() => Gen
        .Select(Header, Query, Gen.String, Gen.OneOfConst("20150830T123600Z", "2015", "", "é"))
        .Sample((header, query, path, date) =>
        {
            var request = SigV4Tests.Request("GET", "/" + path, query, new()
            {
                ["host"] = "h", ["authorization"] = header, ["x-amz-date"] = date,
            });
            try
            {
                if (SigV4.ReadClaim(request) is { } claim) SigV4.Verify(claim, request, "secret", Now);
            }
            catch (SignatureException refused)
            {
                Assert.NotEqual("", refused.Message);
            }
        }, iter: 10_000);

    [Fact]
    public void Any_path_query_and_body_verifies_as_signed_and_no_other_way() => Gen.Select(
        Gen.String[Gen.Char['!', '~'], 0, 20], Gen.String[Gen.Char['!', '~'], 0, 20], Gen.String, Gen.Bool)
        .Sample((path, query, body, isS3) =>
        {
            var headers = new Dictionary<string, string> { ["host"] = "h", ["x-amz-meta-a"] = " b  c " };
            var request = SigV4Tests.Request("PUT", "/" + path, query, headers, body);
            var signer = new Signer("A", "secret", null, "us-east-1", isS3 ? "s3" : "ec2");
            var signed = SigV4Tests.Add(request, signer.Sign(request, Now));
            if (SigV4.ReadClaim(signed) is not { } claim) throw new Xunit.Sdk.XunitException("no claim");
            SigV4.Verify(claim, signed, "secret", Now);
            SigV4Tests.Refused(SignatureFailure.Mismatch, () => SigV4.Verify(claim, signed, "secreT", Now));
            SigV4Tests.Refused(SignatureFailure.BodyMismatch, () =>
                SigV4.Verify(claim, signed.WithBody(System.Text.Encoding.UTF8.GetBytes(body + "x")), "secret", Now));
        }, iter: 1000);
}
