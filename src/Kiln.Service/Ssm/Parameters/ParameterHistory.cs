namespace Kiln.Service.Ssm.Parameters;

/// <summary>A version of a parameter. Systems Manager API Reference "ParameterHistory".</summary>
public sealed record ParameterHistory
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The type.</summary>
    public required ParameterType Type { get; init; }

    /// <summary>The key of a SecureString.</summary>
    public string? KeyId { get; init; }

    /// <summary>When it was put.</summary>
    public required DateTimeOffset LastModifiedDate { get; init; }

    /// <summary>Who put it.</summary>
    public required string LastModifiedUser { get; init; }

    /// <summary>The description.</summary>
    public string? Description { get; init; }

    /// <summary>The value; of a SecureString its ciphertext unless decryption was asked for.</summary>
    public required string Value { get; init; }

    /// <summary>What every value must match.</summary>
    public string? AllowedPattern { get; init; }

    /// <summary>The version.</summary>
    public required long Version { get; init; }

    /// <summary>Its labels.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Standard or Advanced.</summary>
    public required ParameterTier Tier { get; init; }

    /// <summary><c>text</c> or <c>aws:ec2:image</c>.</summary>
    public required string DataType { get; init; }

    internal static ParameterHistory Of(ParameterVersion version, string value) => new()
    {
        Name = version.Name,
        Type = version.Type,
        KeyId = version.KeyId,
        LastModifiedDate = version.LastModifiedDate,
        LastModifiedUser = version.LastModifiedUser,
        Description = version.Description,
        Value = value,
        AllowedPattern = version.AllowedPattern,
        Version = version.Number,
        Labels = version.Labels,
        Tier = version.Tier,
        DataType = version.DataType,
    };
}
