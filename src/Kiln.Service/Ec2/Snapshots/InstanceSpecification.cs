using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Which volumes of an instance to cut together. EC2 API Reference "InstanceSpecification".</summary>
public sealed record InstanceSpecification
{
    /// <summary>Data volumes that may be left out of one call: EC2's limit.</summary>
    public const int ExcludedMax = 40;

    /// <summary>The instance.</summary>
    [MaxLength(64)]
    public required string InstanceId { get; init; }

    /// <summary>Leaves the root volume out.</summary>
    public bool? ExcludeBootVolume { get; init; }

    /// <summary>Leaves these data volumes out.</summary>
    [Wire("ExcludeDataVolumeId"), MaxLength(ExcludedMax)]
    public IReadOnlyList<string> ExcludeDataVolumeIds { get; init; } = [];
}
