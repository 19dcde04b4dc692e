using System.ComponentModel.DataAnnotations;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Network;

/// <summary>An instance's only interface; it goes when the instance is terminated.</summary>
/// <remarks>
/// EC2 API Reference "NetworkInterface". Its unique index gives a private address to one machine only; its foreign
/// keys keep subnet and groups as long as a machine needs them.
/// </remarks>
public sealed class NetworkInterface : Entity
{
    /// <summary><c>eni-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
    public required string Id { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The owner.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The machine.</summary>
    [MaxLength(24)]
    public required string InstanceId { get; init; }

    /// <summary>The machine's row.</summary>
    public Instance? Instance { get; init; }

    /// <summary>The VPC.</summary>
    [MaxLength(24)]
    public required string VpcId { get; init; }

    /// <summary>The subnet.</summary>
    [MaxLength(26)]
    public required string SubnetId { get; init; }

    /// <summary>The zone.</summary>
    [MaxLength(40)]
    public required string AvailabilityZone { get; init; }

    /// <summary>The private address.</summary>
    [MaxLength(15)]
    public required string PrivateIpAddress { get; init; }

    /// <summary>The MAC address.</summary>
    [MaxLength(17)]
    public required string MacAddress { get; init; }

    /// <summary>What it is for.</summary>
    [MaxLength(255)]
    public string Description { get; init; } = "";

    /// <summary>Whether it drops traffic that is not its own.</summary>
    public bool SourceDestCheck { get; set; } = true;

    /// <summary>When it was made and attached.</summary>
    public required DateTimeOffset AttachTime { get; init; }

    /// <summary>Its security groups.</summary>
    public List<InterfaceGroup> Groups { get; init; } = [];

    /// <summary>Id of the attachment, which lives as long as the interface.</summary>
    public string AttachmentId => "eni-attach-" + Id["eni-".Length..];

    private sealed class Configuration : IEntityTypeConfiguration<NetworkInterface>
    {
        public void Configure(EntityTypeBuilder<NetworkInterface> builder)
        {
            builder.Ignore(i => i.AttachmentId);
            builder.HasIndex(i => new { i.SubnetId, i.PrivateIpAddress }).IsUnique();
            builder.HasIndex(i => new { i.Region, i.AccountId, i.Id });
            builder.HasOne(i => i.Instance).WithOne(i => i.Interface)
                .HasForeignKey<NetworkInterface>(i => i.InstanceId);
            builder.HasOne<Subnet>().WithMany().HasForeignKey(i => i.SubnetId).OnDelete(DeleteBehavior.Restrict);
            builder.HasMany(i => i.Groups).WithOne().HasForeignKey(g => g.InterfaceId);
        }
    }
}
