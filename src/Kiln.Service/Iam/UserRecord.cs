namespace Kiln.Service.Iam;

/// <summary>A user as the API shows it. IAM API Reference "User".</summary>
public sealed record UserRecord
{
    public required string Path { get; init; }

    public required string UserName { get; init; }

    public required string UserId { get; init; }

    public required string Arn { get; init; }

    public required DateTimeOffset CreateDate { get; init; }

    public IReadOnlyList<Tag> Tags { get; init; } = [];

    internal static UserRecord Of(User user) => new()
    {
        Path = user.Path,
        UserName = user.Name,
        UserId = user.Id,
        Arn = user.Arn,
        CreateDate = user.CreateDate,
        Tags = Tag.Write(user.Tags),
    };
}
