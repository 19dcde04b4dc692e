namespace Kiln.Service.Sts;

/// <summary>Keys that end. STS API Reference "Credentials".</summary>
public sealed record SessionCredentials
{
    public required string AccessKeyId { get; init; }

    public required string SecretAccessKey { get; init; }

    public required string SessionToken { get; init; }

    public required DateTimeOffset Expiration { get; init; }
}
