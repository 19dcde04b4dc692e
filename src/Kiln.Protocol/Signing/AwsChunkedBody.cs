namespace Kiln.Protocol.Signing;

/// <summary>The <c>aws-chunked</c> content encoding.</summary>
public static class AwsChunkedBody
{
    /// <summary>Whether a value of <c>x-amz-content-sha256</c> announces an aws-chunked body.</summary>
    public static bool IsStreaming(string? contentSha256) =>
        contentSha256 is not null && contentSha256.StartsWith("STREAMING-", StringComparison.Ordinal);
}
