namespace Kiln.Service.Ssm.Parameters;

/// <summary>A parameter's value as the reading operations show it. Systems Manager API Reference
/// "Parameter".</summary>
public sealed record ParameterItem
{
    /// <summary>The name, without the selector.</summary>
    public required string Name { get; init; }

    /// <summary>The type.</summary>
    public required ParameterType Type { get; init; }

    /// <summary>The value; of a SecureString its ciphertext unless decryption was asked for.</summary>
    public required string Value { get; init; }

    /// <summary>The version.</summary>
    public required long Version { get; init; }

    /// <summary>The version that was asked for, with its colon.</summary>
    public string? Selector { get; init; }

    /// <summary>When that version was put.</summary>
    public required DateTimeOffset LastModifiedDate { get; init; }

    /// <summary>The ARN.</summary>
    public required string ARN { get; init; }

    /// <summary><c>text</c> or <c>aws:ec2:image</c>.</summary>
    public required string DataType { get; init; }
}
