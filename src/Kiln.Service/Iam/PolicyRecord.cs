namespace Kiln.Service.Iam;

/// <summary>A managed policy as the API shows it. IAM API Reference "Policy".</summary>
public sealed record PolicyRecord
{
    /// <summary>The only version of a policy: Kiln's are made anew rather than changed.</summary>
    internal const string OnlyVersion = "v1";

    public string? PolicyName { get; init; }

    public string? PolicyId { get; init; }

    public string? Arn { get; init; }

    public string? Path { get; init; }

    public string? DefaultVersionId { get; init; }

    public int? AttachmentCount { get; init; }

    public bool? IsAttachable { get; init; }

    public string? Description { get; init; }

    public DateTimeOffset? CreateDate { get; init; }

    public DateTimeOffset? UpdateDate { get; init; }

    internal static PolicyRecord Of(ManagedPolicy policy, int attachments) => new()
    {
        PolicyName = policy.Name,
        PolicyId = policy.Id,
        Arn = policy.Arn,
        Path = policy.Path,
        DefaultVersionId = OnlyVersion,
        AttachmentCount = attachments,
        IsAttachable = true,
        Description = policy.Description.Length > 0 ? policy.Description : null,
        CreateDate = policy.CreateDate,
        UpdateDate = policy.CreateDate,
    };
}
