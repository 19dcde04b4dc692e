namespace Kiln.Service.Iam;

/// <summary>A role as the API shows it. IAM API Reference "Role".</summary>
public sealed record RoleRecord
{
    public required string Path { get; init; }

    public required string RoleName { get; init; }

    public required string RoleId { get; init; }

    public required string Arn { get; init; }

    public required DateTimeOffset CreateDate { get; init; }

    /// <summary>Percent-encoded, as IAM answers policies.</summary>
    public string? AssumeRolePolicyDocument { get; init; }

    public string? Description { get; init; }

    public int? MaxSessionDuration { get; init; }

    public IReadOnlyList<Tag> Tags { get; init; } = [];

    internal static RoleRecord Of(Role role) => new()
    {
        Path = role.Path,
        RoleName = role.Name,
        RoleId = role.Id,
        Arn = role.Arn,
        CreateDate = role.CreateDate,
        AssumeRolePolicyDocument = Uri.EscapeDataString(role.TrustPolicy),
        Description = role.Description.Length > 0 ? role.Description : null,
        MaxSessionDuration = role.SessionSecondsMax,
        Tags = Tag.Write(role.Tags),
    };
}
