using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Cuts a volume at an instant. EC2 API Reference "CreateSnapshot".</summary>
/// <remarks>
/// The point in time is fixed when the call returns; <see cref="SnapshotReconciler"/> stores what has changed since
/// the volume's last snapshot, while writes go on.
/// </remarks>
[Operation("ec2:CreateSnapshot")]
public sealed class CreateSnapshot(Db db, NewSnapshots snapshots)
    : IOperation<CreateSnapshot.Request, SnapshotItem>
{
    /// <summary>The volume.</summary>
    [Unsupported("Outposts only", "OutpostArn")]
    public sealed record Request
    {
        /// <summary>Up to 255 characters.</summary>
        [MaxLength(255)]
        public string? Description { get; init; }

        /// <summary>The volume.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }

        /// <summary>Tags for the snapshot.</summary>
        [Wire("TagSpecification"), MaxLength(10)]
        public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];

        /// <summary><c>regional</c>, the only place there is; <c>local</c> is for Local Zones.</summary>
        public string? Location { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <inheritdoc/>
    public async Task<SnapshotItem> Handle(Request request, Call call, CancellationToken cancel)
    {
        CheckLocation(request.Location);
        var tags = Tagging.Read(call, request.TagSpecifications, "snapshot");
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        await call.Authorize(VolumeAccess.ArnOf(call, volume.Id), Arn.AnySnapshot(call));

        var (rows, cuts) = await snapshots.Cut(
            [new NewSnapshots.Wish(volume, request.Description ?? "")], setId: null, call, cancel);
        using (cuts)
        {
            tags.AddTo(db, "snapshot", rows[0].Id, call.AccountId, call.Region);
            await db.SaveChangesAsync(cancel);
            cuts.Keep();
        }
        return SnapshotItem.Of(rows[0], tags.For("snapshot"));
    }

    /// <summary>Refuses every place but the Region.</summary>
    /// <exception cref="Protocol.Errors.AwsException">UnsupportedOperation, InvalidParameterValue.</exception>
    internal static void CheckLocation(string? location)
    {
        if (location == "local")
            throw Ec2Error.UnsupportedOperation("Kiln has no Local Zones: snapshots are regional. Leave Location out.");
        if (location is not (null or "regional"))
        {
            throw Ec2Error.InvalidParameterValue(
                location.Length <= 64 ? location : location[..64], "location", "Use regional.");
        }
    }
}
