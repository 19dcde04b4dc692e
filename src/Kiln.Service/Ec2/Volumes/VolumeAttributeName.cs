using System.Runtime.Serialization;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Attributes that DescribeVolumeAttribute tells. EC2 API Reference "DescribeVolumeAttribute".</summary>
public enum VolumeAttributeName
{
    /// <summary>Whether I/O comes back by itself after AWS has taken it away.</summary>
    [EnumMember(Value = "autoEnableIO")] AutoEnableIO,

    /// <summary>Product codes.</summary>
    [EnumMember(Value = "productCodes")] ProductCodes,
}
