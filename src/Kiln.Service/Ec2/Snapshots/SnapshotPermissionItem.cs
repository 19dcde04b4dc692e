using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>A create-volume permission on the wire. EC2 API Reference "CreateVolumePermission".</summary>
public sealed record SnapshotPermissionItem
{
    /// <summary>An account id.</summary>
    [MaxLength(64)]
    public string? UserId { get; init; }

    /// <summary><c>all</c>.</summary>
    [MaxLength(64)]
    public string? Group { get; init; }
}

/// <summary>Changes of create-volume permissions. EC2 API Reference "CreateVolumePermissionModifications".</summary>
public sealed record SnapshotPermissionChanges
{
    /// <summary>Permissions to give.</summary>
    [Wire("Add"), MaxLength(ModifySnapshotAttribute.ChangesMax)]
    public IReadOnlyList<SnapshotPermissionItem> Add { get; init; } = [];

    /// <summary>Permissions to take.</summary>
    [Wire("Remove"), MaxLength(ModifySnapshotAttribute.ChangesMax)]
    public IReadOnlyList<SnapshotPermissionItem> Remove { get; init; } = [];
}
