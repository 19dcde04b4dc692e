using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Network;

/// <summary>A virtual network with its main route table and, for the default one, its internet gateway.</summary>
/// <remarks>EC2 API Reference "Vpc". Route table and gateway are only read, so they are columns.</remarks>
public sealed class Vpc : Entity
{
    /// <summary>VPCs per account and Region: EC2's default quota.</summary>
    public const int PerRegionMax = 5;

    /// <summary><c>vpc-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The IPv4 range, canonical, /16 to /28.</summary>
    [MaxLength(18)]
    public required string CidrBlock { get; init; }

    /// <summary>Id of the association with that range.</summary>
    [MaxLength(40)]
    public required string CidrAssociationId { get; init; }

    /// <summary><c>default</c> for the default VPC, else null: at most one per account and Region.</summary>
    [MaxLength(8)]
    public string? DefaultKey { get; init; }

    /// <summary>Whether this is the account's default VPC.</summary>
    public bool IsDefault { get; init; }

    /// <summary>The DHCP options.</summary>
    [MaxLength(26)]
    public required string DhcpOptionsId { get; init; }

    /// <summary>The main route table.</summary>
    [MaxLength(24)]
    public required string RouteTableId { get; init; }

    /// <summary>Its association with the VPC.</summary>
    [MaxLength(30)]
    public required string RouteTableAssociationId { get; init; }

    /// <summary>The internet gateway; null for a VPC that has none.</summary>
    [MaxLength(24)]
    public string? InternetGatewayId { get; init; }

    /// <summary>Whether Amazon's resolver answers.</summary>
    public bool EnableDnsSupport { get; set; } = true;

    /// <summary>Whether instances with public addresses get public names.</summary>
    public bool EnableDnsHostnames { get; set; }

    /// <summary>Whether network address usage is measured.</summary>
    public bool EnableNetworkAddressUsageMetrics { get; set; }

    private sealed class Configuration : IEntityTypeConfiguration<Vpc>
    {
        public void Configure(EntityTypeBuilder<Vpc> builder)
        {
            builder.HasIndex(v => new { v.AccountId, v.Region, v.DefaultKey }).IsUnique();
            builder.HasIndex(v => new { v.Region, v.AccountId, v.Id });
        }
    }
}
