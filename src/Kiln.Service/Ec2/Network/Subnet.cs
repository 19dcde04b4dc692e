using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Network;

/// <summary>A part of a VPC's range in one zone. EC2 API Reference "Subnet".</summary>
public sealed class Subnet : Entity
{
    /// <summary>Subnets per VPC: EC2's default quota.</summary>
    public const int PerVpcMax = 200;

    /// <summary>Addresses that AWS keeps: network, router, DNS, future use, broadcast.</summary>
    public const int ReservedAddresses = 5;

    /// <summary><c>subnet-</c> and 17 hex digits.</summary>
    [Key, MaxLength(26)]
    public required string Id { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The VPC.</summary>
    [MaxLength(24)]
    public required string VpcId { get; init; }

    /// <summary>The IPv4 range, canonical, /16 to /28.</summary>
    [MaxLength(18)]
    public required string CidrBlock { get; init; }

    /// <summary>The zone, e.g. <c>us-east-1a</c>.</summary>
    [MaxLength(40)]
    public required string AvailabilityZone { get; init; }

    /// <summary>Whether it is the default VPC's subnet for its zone.</summary>
    public bool DefaultForAz { get; init; }

    /// <summary>Whether instances get a public address here without asking.</summary>
    public bool MapPublicIpOnLaunch { get; set; }

    private sealed class Configuration : IEntityTypeConfiguration<Subnet>
    {
        public void Configure(EntityTypeBuilder<Subnet> builder)
        {
            builder.HasIndex(s => new { s.VpcId, s.CidrBlock }).IsUnique();
            builder.HasIndex(s => new { s.Region, s.AccountId, s.Id });
            builder.HasOne<Vpc>().WithMany().HasForeignKey(s => s.VpcId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}
