using Kiln.Protocol.Shapes;
using Kiln.Service.Ec2.Tags;

namespace Kiln.Service.Ec2.Network;

/// <summary>A VPC on the wire. EC2 API Reference "Vpc".</summary>
public sealed record VpcItem
{
    public required string VpcId { get; init; }
    public required string OwnerId { get; init; }
    public string State { get; init; } = "available";
    public required string CidrBlock { get; init; }
    [Wire("cidrBlockAssociationSet")]
    public required IReadOnlyList<CidrAssociation> CidrBlockAssociationSet { get; init; }
    public required string DhcpOptionsId { get; init; }
    public string InstanceTenancy { get; init; } = "default";
    public required bool IsDefault { get; init; }
    [Wire("tagSet")] public required IReadOnlyList<Tag> Tags { get; init; }

    /// <summary>A VPC with the caller's tags of it.</summary>
    public static VpcItem Of(Vpc vpc, IReadOnlyList<Tag> tags) => new()
    {
        VpcId = vpc.Id,
        OwnerId = vpc.AccountId,
        CidrBlock = vpc.CidrBlock,
        CidrBlockAssociationSet =
            [new CidrAssociation(vpc.CidrAssociationId, vpc.CidrBlock, new CidrState("associated"))],
        DhcpOptionsId = vpc.DhcpOptionsId,
        IsDefault = vpc.IsDefault,
        Tags = tags,
    };

    /// <summary>That a range belongs to a VPC.</summary>
    public sealed record CidrAssociation(string AssociationId, string CidrBlock, CidrState CidrBlockState);

    /// <summary>The state of that.</summary>
    public sealed record CidrState(string State);
}
