using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.FastRestores;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Permission = Kiln.Service.Ec2.Snapshots.CreateVolumePermission;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Shares a snapshot, or ends that. EC2 API Reference "ModifySnapshotAttribute".</summary>
/// <remarks>
/// Two spellings: <c>CreateVolumePermission.Add</c> or <c>.Remove</c>, and <c>OperationType</c> with <c>UserId</c>
/// and <c>UserGroup</c>. Accounts and everybody only: organisations are not supported for snapshots by AWS either.
/// </remarks>
[Operation("ec2:ModifySnapshotAttribute")]
public sealed class ModifySnapshotAttribute(Db db, TimeProvider clock)
    : IOperation<ModifySnapshotAttribute.Request, ModifySnapshotAttribute.Response>
{
    /// <summary>Changes in one call: EC2's limit.</summary>
    public const int ChangesMax = 500;

    /// <summary>The group of everybody.</summary>
    private const string Everybody = "all";

    /// <summary>The changes.</summary>
    public sealed record Request
    {
        /// <summary><c>createVolumePermission</c>; what counts is which structures are given.</summary>
        [MaxLength(64)]
        public string? Attribute { get; init; }

        /// <summary>The changes, first spelling.</summary>
        public SnapshotPermissionChanges? CreateVolumePermission { get; init; }

        /// <summary>Groups, second spelling.</summary>
        [Wire("UserGroup"), MaxLength(ChangesMax)]
        public IReadOnlyList<string> GroupNames { get; init; } = [];

        /// <summary><c>add</c> or <c>remove</c>, second spelling.</summary>
        [MaxLength(64)]
        public string? OperationType { get; init; }

        /// <summary>The snapshot.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>Accounts, second spelling.</summary>
        [Wire("UserId"), MaxLength(ChangesMax)]
        public IReadOnlyList<string> UserIds { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var (add, remove) = Changes(request);
        var snapshot = await SnapshotAccess.Owned(db, request.SnapshotId, call, cancel, withPermissions: true);
        await call.Authorize(Arn.Snapshot(call.Region, snapshot.Id));
        if (add.Count > 0)
            await CheckShareable(snapshot, add.Any(p => p.Kind == Permission.Group), call, cancel);

        foreach (var (kind, value) in add)
        {
            if (!snapshot.Permissions.Any(p => p.Kind == kind && p.Value == value))
            {
                snapshot.Permissions.Add(
                    new CreateVolumePermission { SnapshotId = snapshot.Id, Kind = kind, Value = value });
            }
        }
        foreach (var (kind, value) in remove)
            snapshot.Permissions.RemoveAll(p => p.Kind == kind && p.Value == value);
        snapshot.IsPublic = snapshot.Permissions.Any(p => p.Kind == Permission.Group);
        await FastRestoreReconciler.DisableUnshared(db, snapshot, clock.GetUtcNow(), cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }

    private static (List<(string Kind, string Value)> Add, List<(string Kind, string Value)> Remove) Changes(
        Request request)
    {
        if (request.Attribute is { } attribute && attribute.Trim() is var name
            && !name.Equals("createVolumePermission", StringComparison.OrdinalIgnoreCase))
        {
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(attribute), "attribute", "Only createVolumePermission can be modified.");
        }
        var add = Items(request.CreateVolumePermission?.Add ?? []);
        var remove = Items(request.CreateVolumePermission?.Remove ?? []);
        List<(string, string)> listed =
        [
            .. request.UserIds.Select(id => (Permission.UserId, CheckUser(id))),
            .. request.GroupNames.Select(group => (Permission.Group, CheckGroup(group))),
        ];
        if (listed.Count > 0 && add.Count + remove.Count == 0)
        {
            if (request.OperationType is not ("add" or "remove"))
            {
                throw Ec2Error.InvalidParameterCombination(
                    "OperationType must be add or remove where UserId or UserGroup is given.");
            }
            (request.OperationType == "add" ? add : remove).AddRange(listed);
        }
        if (add.Count + remove.Count == 0)
        {
            throw Ec2Error.InvalidParameterCombination(
                "No changes were given: give CreateVolumePermission.Add or .Remove.");
        }
        if (add.Count > 0 && remove.Count > 0)
            throw Ec2Error.InvalidParameterCombination("Permissions cannot be added and removed in one request.");
        return add.Count + remove.Count <= ChangesMax ? (add, remove)
            : throw Ec2Error.InvalidParameterValue($"A request may carry up to {ChangesMax} changes.");
    }

    private static List<(string Kind, string Value)> Items(IReadOnlyList<SnapshotPermissionItem> items)
    {
        var changes = new List<(string, string)>(items.Count);
        foreach (var item in items)
        {
            if (item.UserId is { } user)
                changes.Add((Permission.UserId, CheckUser(user)));
            if (item.Group is { } group)
                changes.Add((Permission.Group, CheckGroup(group)));
        }
        return changes;
    }

    private static string CheckUser(string id) =>
        Ids.IsAccountId(id) ? id : throw Ec2Error.InvalidAmiAttributeItemValue(id, "userId");

    private static string CheckGroup(string group) =>
        group == Everybody ? group : throw Ec2Error.InvalidAmiAttributeItemValue(group, "userGroup");

    private async Task CheckShareable(Snapshot snapshot, bool withEverybody, Call call, CancellationToken cancel)
    {
        if (snapshot.KmsKeyId is { } arn && await db.Keys.AnyAsync(k => k.Arn == arn && k.AwsManaged, cancel))
            throw Ec2Error.SnapshotUnderManagedKey();
        if (!withEverybody)
            return;
        if (snapshot.Encrypted)
            throw Ec2Error.OperationNotPermitted($"The snapshot {snapshot.Id} is encrypted and cannot be made public.");
        if (snapshot.ProductCodes.Count > 0)
        {
            throw Ec2Error.OperationNotPermitted(
                $"The snapshot {snapshot.Id} has product codes and cannot be made public.");
        }
        var settings = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        if (settings is { SnapshotBlockPublicAccess: not "unblocked" })
        {
            throw Ec2Error.OperationNotPermitted(
                "You can’t publicly share this snapshot because block public access for snapshots is enabled for " +
                "this account. To publicly share the snapshot, you must call the " +
                "DisableSnapshotBlockPublicAccess API.");
        }
    }
}
