namespace Kiln.Service.Ec2.Volumes;

/// <summary>One check of a volume. EC2 API Reference "VolumeStatusDetails".</summary>
public sealed record VolumeStatusDetails
{
    /// <summary><c>io-enabled</c>, <c>io-performance</c> or <c>initialization-state</c>.</summary>
    public required string Name { get; init; }

    /// <summary><c>passed</c>, <c>failed</c> or <c>not-applicable</c>; for the last <c>initializing</c> or
    /// <c>completed</c>.</summary>
    public required string Status { get; init; }
}
