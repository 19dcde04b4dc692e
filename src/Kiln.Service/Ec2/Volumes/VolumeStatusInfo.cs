using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>The health of a volume. EC2 API Reference "VolumeStatusInfo".</summary>
public sealed record VolumeStatusInfo
{
    /// <summary><c>ok</c>, <c>impaired</c> or <c>insufficient-data</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What was looked at.</summary>
    [Wire("details")]
    public required IReadOnlyList<VolumeStatusDetails> Details { get; init; }
}
