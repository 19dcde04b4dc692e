using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Network;

/// <summary>That an account has its network in a Region: made on first use, and never again.</summary>
public sealed class AccountNetwork
{
    /// <summary>The account.</summary>
    [MaxLength(12)]
    public required string AccountId { get; init; }

    /// <summary>The Region.</summary>
    [MaxLength(32)]
    public required string Region { get; init; }

    /// <summary>The DHCP options that all its VPCs use.</summary>
    [MaxLength(26)]
    public required string DhcpOptionsId { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<AccountNetwork>
    {
        public void Configure(EntityTypeBuilder<AccountNetwork> builder) =>
            builder.HasKey(n => new { n.AccountId, n.Region });
    }
}
