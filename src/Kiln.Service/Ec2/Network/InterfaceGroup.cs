using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Network;

/// <summary>That an interface is in a security group. The foreign key is what keeps the group.</summary>
public sealed class InterfaceGroup
{
    /// <summary>The interface.</summary>
    [MaxLength(24)]
    public required string InterfaceId { get; init; }

    /// <summary>The group.</summary>
    [MaxLength(24)]
    public required string GroupId { get; init; }

    /// <summary>The group's name, which never changes.</summary>
    [MaxLength(255)]
    public required string GroupName { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<InterfaceGroup>
    {
        public void Configure(EntityTypeBuilder<InterfaceGroup> builder)
        {
            builder.HasKey(g => new { g.InterfaceId, g.GroupId });
            builder.HasIndex(g => g.GroupId);
            builder.HasOne<SecurityGroup>().WithMany().HasForeignKey(g => g.GroupId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}
