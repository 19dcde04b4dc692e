using System.ComponentModel.DataAnnotations;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Network;

/// <summary>A named set of rules for interfaces of one VPC. EC2 API Reference "SecurityGroup".</summary>
public sealed class SecurityGroup : Entity
{
    /// <summary>The group that every VPC has and nobody can delete.</summary>
    public const string DefaultName = "default";

    /// <summary>Groups per account and Region: EC2's default quota.</summary>
    public const int PerRegionMax = 2_500;

    /// <summary>Rules of one direction per group: EC2's default quota.</summary>
    public const int RulesMax = 60;

    /// <summary>Groups on one interface: EC2's default quota.</summary>
    public const int PerInterfaceMax = 5;

    /// <summary><c>sg-</c> and 17 hex digits.</summary>
    [Key, MaxLength(24)]
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

    /// <summary>The name, unique in its VPC.</summary>
    [MaxLength(255)]
    public required string Name { get; init; }

    /// <summary>What it is for.</summary>
    [MaxLength(255)]
    public required string Description { get; init; }

    /// <summary>The rules of both directions.</summary>
    public List<SecurityGroupRule> Rules { get; init; } = [];

    /// <summary>Its ARN.</summary>
    public string Arn => Calls.Arn.Ec2(Region, AccountId, "security-group", Id);

    /// <summary>Refuses more rules of one direction than a group may have.</summary>
    /// <exception cref="Protocol.Errors.AwsException">RulesPerSecurityGroupLimitExceeded.</exception>
    public Task LimitRules(Db db, bool isEgress, int more, CancellationToken cancel) =>
        db.Limit($"rules/{Id}/{isEgress}",
            db.SecurityGroupRules.Where(r => r.GroupId == Id && r.IsEgress == isEgress), RulesMax, more,
            () => Ec2Error.NetworkLimitExceeded(
                "RulesPerSecurityGroupLimitExceeded", "rules per security group", RulesMax), cancel);

    private sealed class Configuration : IEntityTypeConfiguration<SecurityGroup>
    {
        public void Configure(EntityTypeBuilder<SecurityGroup> builder)
        {
            builder.Ignore(g => g.Arn);
            builder.HasIndex(g => new { g.VpcId, g.Name }).IsUnique();
            builder.HasIndex(g => new { g.Region, g.AccountId, g.Id });
            builder.HasMany(g => g.Rules).WithOne().HasForeignKey(r => r.GroupId).OnDelete(DeleteBehavior.Cascade);
            builder.HasOne<Vpc>().WithMany().HasForeignKey(g => g.VpcId).OnDelete(DeleteBehavior.Restrict);
        }
    }
}
