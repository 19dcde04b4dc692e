using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>
/// Tells a snapshot's owner who may use it, or its product codes. EC2 API Reference "DescribeSnapshotAttribute".
/// </summary>
[Operation("ec2:DescribeSnapshotAttribute")]
public sealed class DescribeSnapshotAttribute(Db db)
    : IOperation<DescribeSnapshotAttribute.Request, DescribeSnapshotAttribute.Response>
{
    /// <summary>The attribute.</summary>
    public sealed record Request
    {
        /// <summary><c>createVolumePermission</c> or <c>productCodes</c>.</summary>
        public required string Attribute { get; init; }

        /// <summary>The snapshot.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The one attribute.</summary>
    public sealed record Response
    {
        /// <summary>The snapshot.</summary>
        public required string SnapshotId { get; init; }

        /// <summary>Product codes.</summary>
        [Wire("productCodes")]
        public IReadOnlyList<ImageProductCode>? ProductCodes { get; init; }

        /// <summary>Who may use it.</summary>
        [Wire("createVolumePermission")]
        public IReadOnlyList<SnapshotPermissionItem>? CreateVolumePermissions { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.Attribute is not ("createVolumePermission" or "productCodes"))
        {
            throw Ec2Error.InvalidParameterValue(Ec2Error.Short(request.Attribute), "attribute",
                "It must be createVolumePermission or productCodes.");
        }
        var snapshot = await SnapshotAccess.Owned(db, request.SnapshotId, call, cancel, withPermissions: true);
        await call.Authorize(Arn.Snapshot(call.Region, snapshot.Id));
        return request.Attribute == "productCodes"
            ? new Response
            {
                SnapshotId = snapshot.Id,
                ProductCodes = [.. snapshot.ProductCodes.Select(c => new ImageProductCode(c, "marketplace"))],
            }
            : new Response
            {
                SnapshotId = snapshot.Id,
                CreateVolumePermissions = [.. snapshot.Permissions.OrderBy(p => p.Kind).ThenBy(p => p.Value).Select(p =>
                    p.Kind == CreateVolumePermission.Group
                        ? new SnapshotPermissionItem { Group = p.Value }
                        : new SnapshotPermissionItem { UserId = p.Value })],
            };
    }
}
