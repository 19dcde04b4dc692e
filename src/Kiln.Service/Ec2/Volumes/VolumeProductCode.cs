using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>A product code on the wire. EC2 API Reference "ProductCode".</summary>
public sealed record VolumeProductCode
{
    /// <summary>The code.</summary>
    [Wire("productCode")]
    public required string ProductCodeId { get; init; }

    /// <summary>Always <c>marketplace</c>: the older kind, devpay, is gone from AWS.</summary>
    [Wire("type")]
    public required string ProductCodeType { get; init; }
}
