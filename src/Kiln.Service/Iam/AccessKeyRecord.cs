namespace Kiln.Service.Iam;

/// <summary>A new access key, the only time that its secret is shown. IAM API Reference "AccessKey".</summary>
public sealed record AccessKeyRecord
{
    public required string UserName { get; init; }

    public required string AccessKeyId { get; init; }

    public required StatusType Status { get; init; }

    public required string SecretAccessKey { get; init; }

    public DateTimeOffset? CreateDate { get; init; }
}
