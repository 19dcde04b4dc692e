namespace Kiln.Service.Ec2;

/// <summary>A text attribute on the wire. EC2 API Reference "AttributeValue".</summary>
public sealed record AttributeValue
{
    /// <summary>The value.</summary>
    public string? Value { get; init; }
}
