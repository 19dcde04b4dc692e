using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Shares an image, or changes its description or IMDS support. EC2 API Reference "ModifyImageAttribute".
/// </summary>
/// <remarks>
/// What is changed is decided by the structures that are given: clients send all sorts of things as
/// <c>Attribute</c>. One attribute a call.
/// </remarks>
[Operation("ec2:ModifyImageAttribute")]
public sealed class ModifyImageAttribute(Db db, TimeProvider clock, ServiceOptions options)
    : IOperation<ModifyImageAttribute.Request, ModifyImageAttribute.Response>
{
    /// <summary>Permissions in one call: EC2's limit.</summary>
    public const int ChangesMax = 10_000;

    /// <summary>The change.</summary>
    public sealed record Request
    {
        /// <summary>
        /// Noise, but where <see cref="Value"/> or nothing else is given: then it must name the description.
        /// </summary>
        [MaxLength(64)]
        public string? Attribute { get; init; }

        /// <summary>A new description, up to 255 characters.</summary>
        public AttributeValue? Description { get; init; }

        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>Permissions, first spelling.</summary>
        public LaunchPermissionChanges? LaunchPermission { get; init; }

        /// <summary><c>add</c> or <c>remove</c>, second spelling.</summary>
        [MaxLength(64)]
        public string? OperationType { get; init; }

        /// <summary>Product codes.</summary>
        [Wire("ProductCode"), Unsupported("product codes come with the snapshots of a marketplace image")]
        public IReadOnlyList<string> ProductCodes { get; init; } = [];

        /// <summary>Groups, second spelling.</summary>
        [Wire("UserGroup"), MaxLength(ChangesMax)]
        public IReadOnlyList<string> UserGroups { get; init; } = [];

        /// <summary>Accounts, second spelling.</summary>
        [Wire("UserId"), MaxLength(ChangesMax)]
        public IReadOnlyList<string> UserIds { get; init; } = [];

        /// <summary>A new description, older spelling.</summary>
        public string? Value { get; init; }

        /// <summary>Organisations, second spelling.</summary>
        [Wire("OrganizationArn"), MaxLength(ChangesMax)]
        public IReadOnlyList<string> OrganizationArns { get; init; } = [];

        /// <summary>Organisational units, second spelling.</summary>
        [Wire("OrganizationalUnitArn"), MaxLength(ChangesMax)]
        public IReadOnlyList<string> OrganizationalUnitArns { get; init; } = [];

        /// <summary><c>v2.0</c>; cannot be taken back.</summary>
        public AttributeValue? ImdsSupport { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var (add, remove) = Permissions(request);
        var description = Description(request, add.Count + remove.Count > 0);
        CheckOne(request, description, add.Count + remove.Count);
        var now = clock.GetUtcNow();
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel, withPermissions: true);
        await call.Authorize(Arn.Image(call.Region, image.Id));
        if (add.Count > 0)
            await new ImageSharing(db, options).Check(image, add, call, cancel);

        if (description is not null)
            image.Description = description;
        if (request.ImdsSupport is not null)
            image.ImdsSupport = request.ImdsSupport.Value;
        ImageSharing.Apply(image, add, remove);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }

    private static string? Description(Request request, bool isSharing)
    {
        var named = request.Attribute?.Trim().Equals("description", StringComparison.OrdinalIgnoreCase) == true;
        if (request.Value is not null && !named)
        {
            const string Why = "Value is for the attribute description only.";
            throw request.Attribute is null ? Ec2Error.InvalidParameterCombination(Why)
                : Ec2Error.InvalidParameterValue(Ec2Error.Short(request.Attribute), "attribute", Why);
        }
        // An empty text on the wire is an absent one: only the attribute's name tells that the description shall go.
        var isEmptied = named && !isSharing && request.ImdsSupport is null;
        var description = request.Description?.Value ?? request.Value ?? (isEmptied ? "" : null);
        return description is null || description.Length <= 255 ? description : throw Ec2Error.InvalidParameterValue(
            "The description is longer than 255 characters.");
    }

    private static void CheckOne(Request request, string? description, int permissions)
    {
        var given = (description is null ? 0 : 1) + (permissions == 0 ? 0 : 1) + (request.ImdsSupport is null ? 0 : 1);
        if (given == 0)
            throw Ec2Error.InvalidParameterCombination("No attributes specified.");
        if (given > 1)
            throw Ec2Error.InvalidParameterCombination("Only one attribute can be modified at a time.");
        if (request.ImdsSupport is { Value: not "v2.0" } imds)
            throw Ec2Error.InvalidParameterValue(Ec2Error.Short(imds.Value ?? ""), "imdsSupport", "It must be v2.0.");
    }

    /// <summary>Both spellings together; without an operation type the second follows the first.</summary>
    private static (HashSet<(string Kind, string Value)> Add, HashSet<(string Kind, string Value)> Remove) Permissions(
        Request request)
    {
        HashSet<(string, string)> add = [.. request.LaunchPermission?.Add.SelectMany(p => p.Entries()) ?? []];
        HashSet<(string, string)> remove = [.. request.LaunchPermission?.Remove.SelectMany(p => p.Entries()) ?? []];
        List<(string, string)> listed =
        [
            .. request.UserIds.Select(id => (Images.LaunchPermission.UserId, LaunchPermissionItem.CheckUser(id))),
            .. request.UserGroups.Select(g => (Images.LaunchPermission.Group, LaunchPermissionItem.CheckGroup(g))),
            .. request.OrganizationArns.Select(arn =>
                (Images.LaunchPermission.OrganizationArn, LaunchPermissionItem.CheckOrganization(arn))),
            .. request.OrganizationalUnitArns.Select(arn =>
                (Images.LaunchPermission.OrganizationalUnitArn, LaunchPermissionItem.CheckUnit(arn))),
        ];
        if (request.OperationType is not (null or "add" or "remove"))
        {
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(request.OperationType), "operationType", "It must be add or remove.");
        }
        if (listed.Count > 0)
        {
            if (request.OperationType is null && add.Count + remove.Count == 0)
                throw Ec2Error.MissingParameter("operationType");
            var isRemoval = request.OperationType == "remove" || (request.OperationType is null && add.Count == 0);
            (isRemoval ? remove : add).UnionWith(listed);
        }
        return add.Overlaps(remove)
            ? throw Ec2Error.InvalidParameterCombination("A permission cannot be added and removed in one request.")
            : (add, remove);
    }
}
