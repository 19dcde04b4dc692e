using System.ComponentModel.DataAnnotations;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Kiln.Service.Ec2.Images;

/// <summary>Somebody besides the owner who may launch an image. EC2 API Reference "LaunchPermission".</summary>
public sealed class LaunchPermission
{
    /// <summary>Kind of an account id.</summary>
    public const string UserId = "userId";

    /// <summary>Kind of a group; the only one is <c>all</c>.</summary>
    public const string Group = "group";

    /// <summary>Kind of an organisation's ARN.</summary>
    public const string OrganizationArn = "organizationArn";

    /// <summary>Kind of an organisational unit's ARN.</summary>
    public const string OrganizationalUnitArn = "organizationalUnitArn";

    /// <summary>The image.</summary>
    [MaxLength(24)]
    public required string ImageId { get; init; }

    /// <summary>One of the kinds above.</summary>
    [MaxLength(24)]
    public required string Kind { get; init; }

    /// <summary>The account id, <c>all</c>, or the ARN.</summary>
    [MaxLength(256)]
    public required string Value { get; init; }

    private sealed class Configuration : IEntityTypeConfiguration<LaunchPermission>
    {
        public void Configure(EntityTypeBuilder<LaunchPermission> builder)
        {
            builder.HasKey(p => new { p.ImageId, p.Kind, p.Value });
            builder.HasIndex(p => new { p.Kind, p.Value });
        }
    }
}
