namespace Kiln.Service.Ssm.Parameters;

/// <summary>A parameter without its value. Systems Manager API Reference "ParameterMetadata".</summary>
public sealed record ParameterMetadata
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The ARN.</summary>
    public required string ARN { get; init; }

    /// <summary>The type.</summary>
    public required ParameterType Type { get; init; }

    /// <summary>The key of a SecureString.</summary>
    public string? KeyId { get; init; }

    /// <summary>When the newest version was put.</summary>
    public required DateTimeOffset LastModifiedDate { get; init; }

    /// <summary>Who put it.</summary>
    public required string LastModifiedUser { get; init; }

    /// <summary>The description.</summary>
    public string? Description { get; init; }

    /// <summary>What every value must match.</summary>
    public string? AllowedPattern { get; init; }

    /// <summary>The newest version.</summary>
    public required long Version { get; init; }

    /// <summary>Standard or Advanced.</summary>
    public required ParameterTier Tier { get; init; }

    /// <summary><c>text</c> or <c>aws:ec2:image</c>.</summary>
    public required string DataType { get; init; }

    internal static ParameterMetadata Of(ParameterVersion version) => new()
    {
        Name = version.Name,
        ARN = version.Arn,
        Type = version.Type,
        KeyId = version.KeyId,
        LastModifiedDate = version.LastModifiedDate,
        LastModifiedUser = version.LastModifiedUser,
        Description = version.Description,
        AllowedPattern = version.AllowedPattern,
        Version = version.Number,
        Tier = version.Tier,
        DataType = version.DataType,
    };
}
