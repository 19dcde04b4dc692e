namespace Kiln.Service.Ec2.Volumes;

/// <summary>A boolean attribute on the wire. EC2 API Reference "AttributeBooleanValue".</summary>
public sealed record AttributeBooleanValue
{
    /// <summary>The value.</summary>
    public bool? Value { get; init; }
}
