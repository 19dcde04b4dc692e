namespace Kiln.Service.Iam;

/// <summary>An access key without its secret. IAM API Reference "AccessKeyMetadata".</summary>
public sealed record AccessKeyMetadata
{
    public string? UserName { get; init; }

    public string? AccessKeyId { get; init; }

    public StatusType? Status { get; init; }

    public DateTimeOffset? CreateDate { get; init; }
}
