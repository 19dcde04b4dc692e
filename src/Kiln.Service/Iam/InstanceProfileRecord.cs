namespace Kiln.Service.Iam;

/// <summary>An instance profile as the API shows it. IAM API Reference "InstanceProfile".</summary>
public sealed record InstanceProfileRecord
{
    public required string Path { get; init; }

    public required string InstanceProfileName { get; init; }

    public required string InstanceProfileId { get; init; }

    public required string Arn { get; init; }

    public required DateTimeOffset CreateDate { get; init; }

    public required IReadOnlyList<RoleRecord> Roles { get; init; }

    public IReadOnlyList<Tag> Tags { get; init; } = [];

    internal static InstanceProfileRecord Of(InstanceProfile profile, Role? role) => new()
    {
        Path = profile.Path,
        InstanceProfileName = profile.Name,
        InstanceProfileId = profile.Id,
        Arn = profile.Arn,
        CreateDate = profile.CreateDate,
        Roles = role is null ? [] : [RoleRecord.Of(role)],
        Tags = Tag.Write(profile.Tags),
    };
}
