namespace Kiln.Service.Iam;

/// <summary>A version of a managed policy. IAM API Reference "PolicyVersion".</summary>
public sealed record PolicyVersionRecord
{
    /// <summary>Percent-encoded, as IAM answers policies.</summary>
    public string? Document { get; init; }

    public string? VersionId { get; init; }

    public bool? IsDefaultVersion { get; init; }

    public DateTimeOffset? CreateDate { get; init; }
}
