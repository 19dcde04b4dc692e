using System.ComponentModel.DataAnnotations;
using System.Text.RegularExpressions;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;

namespace Kiln.Service.Ec2.Images;

/// <summary>A launch permission on the wire. EC2 API Reference "LaunchPermission".</summary>
public sealed partial record LaunchPermissionItem
{
    /// <summary>An organisation's ARN.</summary>
    [MaxLength(2048)]
    public string? OrganizationArn { get; init; }

    /// <summary>An organisational unit's ARN.</summary>
    [MaxLength(2048)]
    public string? OrganizationalUnitArn { get; init; }

    /// <summary>An account id.</summary>
    [MaxLength(2048)]
    public string? UserId { get; init; }

    /// <summary><c>all</c>.</summary>
    [MaxLength(2048)]
    public string? Group { get; init; }

    /// <summary>The permission of a row.</summary>
    public static LaunchPermissionItem Of(LaunchPermission permission) => permission.Kind switch
    {
        LaunchPermission.Group => new LaunchPermissionItem { Group = permission.Value },
        LaunchPermission.OrganizationArn => new LaunchPermissionItem { OrganizationArn = permission.Value },
        LaunchPermission.OrganizationalUnitArn => new LaunchPermissionItem { OrganizationalUnitArn = permission.Value },
        _ => new LaunchPermissionItem { UserId = permission.Value },
    };

    /// <summary>What is given, as kind and value, each checked.</summary>
    /// <exception cref="Protocol.Errors.AwsException">InvalidAMIAttributeItemValue.</exception>
    public IEnumerable<(string Kind, string Value)> Entries()
    {
        if (UserId is not null)
            yield return (LaunchPermission.UserId, CheckUser(UserId));
        if (Group is not null)
            yield return (LaunchPermission.Group, CheckGroup(Group));
        if (OrganizationArn is not null)
            yield return (LaunchPermission.OrganizationArn, CheckOrganization(OrganizationArn));
        if (OrganizationalUnitArn is not null)
            yield return (LaunchPermission.OrganizationalUnitArn, CheckUnit(OrganizationalUnitArn));
    }

    /// <summary>Refuses what is no account id.</summary>
    public static string CheckUser(string id) =>
        Ids.IsAccountId(id) ? id : throw Ec2Error.InvalidAmiAttributeItemValue(id, LaunchPermission.UserId);

    /// <summary>Refuses every group but <c>all</c>.</summary>
    public static string CheckGroup(string group) =>
        group == "all" ? group : throw Ec2Error.InvalidAmiAttributeItemValue(group, "userGroup");

    /// <summary>Refuses what is no organisation's full ARN.</summary>
    public static string CheckOrganization(string arn) => Organization().IsMatch(arn)
        ? arn : throw Ec2Error.InvalidAmiAttributeItemValue(arn, LaunchPermission.OrganizationArn);

    /// <summary>Refuses what is no organisational unit's full ARN.</summary>
    public static string CheckUnit(string arn) => Unit().IsMatch(arn)
        ? arn : throw Ec2Error.InvalidAmiAttributeItemValue(arn, LaunchPermission.OrganizationalUnitArn);

    [GeneratedRegex(@"\Aarn:aws:organizations::[0-9]{12}:organization/o-[a-z0-9]{10,32}\z")]
    private static partial Regex Organization();

    [GeneratedRegex(@"\Aarn:aws:organizations::[0-9]{12}:ou/o-[a-z0-9]{10,32}/ou-[a-z0-9]{4,32}-[a-z0-9]{8,32}\z")]
    private static partial Regex Unit();
}

/// <summary>Changes of launch permissions. EC2 API Reference "LaunchPermissionModifications".</summary>
public sealed record LaunchPermissionChanges
{
    /// <summary>Permissions to give.</summary>
    [Wire("Add"), MaxLength(ModifyImageAttribute.ChangesMax)]
    public IReadOnlyList<LaunchPermissionItem> Add { get; init; } = [];

    /// <summary>Permissions to take.</summary>
    [Wire("Remove"), MaxLength(ModifyImageAttribute.ChangesMax)]
    public IReadOnlyList<LaunchPermissionItem> Remove { get; init; } = [];
}
