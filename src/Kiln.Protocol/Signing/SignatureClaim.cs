namespace Kiln.Protocol.Signing;

/// <summary>What a signed request claims: who signs, for which service and Region, when.</summary>
/// <param name="AccessKeyId">The access key id: looks up the secret key.</param>
/// <param name="Date">The scope's date, <c>yyyyMMdd</c>.</param>
/// <param name="Region">The scope's Region.</param>
/// <param name="Service">The scope's service, e.g. <c>ec2</c>.</param>
/// <param name="SignedAt">When it was signed.</param>
/// <param name="SessionToken">The session token that came along; the caller compares it with the key's own.</param>
public sealed record SignatureClaim(
    string AccessKeyId, string Date, string Region, string Service, DateTimeOffset SignedAt, string? SessionToken)
{
    /// <summary>The signed header names, sorted, lower case.</summary>
    public required IReadOnlyList<string> SignedHeaders { get; init; }

    /// <summary>The signature in lower-case hex.</summary>
    public required string Signature { get; init; }

    /// <summary>For a presigned URL: for how long after <see cref="SignedAt"/> it holds; null for a signed
    /// header.</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>The scope as it is signed: <c>date/region/service/aws4_request</c>.</summary>
    internal string Scope => $"{Date}/{Region}/{Service}/aws4_request";
}
