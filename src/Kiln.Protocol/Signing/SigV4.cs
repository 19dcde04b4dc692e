using Kiln.Protocol.Codecs;
using Kiln.Protocol.Errors;

namespace Kiln.Protocol.Signing;

/// <summary>What a signed request claims: who signs, for which service and Region, when.</summary>
public sealed record SignatureClaim(
    string AccessKeyId, string Date, string Region, string Service, DateTimeOffset SignedAt, string? SessionToken)
{
    /// <summary>The signed header names, sorted, lower case.</summary>
    public required IReadOnlyList<string> SignedHeaders { get; init; }

    /// <summary>The signature in lower-case hex.</summary>
    public required string Signature { get; init; }

    /// <summary>For a presigned URL: for how long after <see cref="SignedAt"/> it holds; null for a signed header.</summary>
    public TimeSpan? Expires { get; init; }
}

/// <summary>AWS Signature Version 4, verifying and signing.</summary>
public static class SigV4
{
    /// <summary>The largest accepted difference between a request's time and the wall clock.</summary>
    public static readonly TimeSpan SkewMax = TimeSpan.FromMinutes(5);

    /// <summary>Reads the claim out of the Authorization header or the query string.</summary>
    /// <returns>The claim, or null for a request that carries no signature.</returns>
    /// <exception cref="AwsException">There is a signature, and it is malformed.</exception>
    public static SignatureClaim? ReadClaim(WireRequest request) => throw new AwsException("X", 500, "x");

    /// <summary>Checks a claim against the secret key.</summary>
    /// <exception cref="AwsException">The signature does not match, or its time is too far from <paramref name="now"/>.</exception>
    public static void Verify(SignatureClaim claim, WireRequest request, string secretKey, DateTimeOffset now) =>
        throw new AwsException("X", 500, "x");
}
