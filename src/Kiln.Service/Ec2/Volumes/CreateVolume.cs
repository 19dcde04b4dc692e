using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Zones;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Makes a volume, empty or from a snapshot. EC2 API Reference "CreateVolume".</summary>
/// <remarks>Copies nothing: a volume of any size is there at once and loads blocks as they are read.</remarks>
[Operation("ec2:CreateVolume")]
public sealed class CreateVolume(Db db, NewVolumes volumes) : IOperation<CreateVolume.Request, VolumeItem>
{
    /// <summary>The volume to make.</summary>
    [Unsupported("Outposts only", "OutpostArn")]
    [Unsupported("no service provider manages volumes here", "Operator")]
    public sealed record Request
    {
        /// <summary>The zone's name; or its id below.</summary>
        [MaxLength(64)]
        public string? AvailabilityZone { get; init; }

        /// <summary>The zone's id, e.g. <c>use1-az1</c>.</summary>
        [MaxLength(64)]
        public string? AvailabilityZoneId { get; init; }

        /// <summary>Whether to encrypt; what it means depends on the snapshot and on encryption by default.</summary>
        public bool? Encrypted { get; init; }

        /// <summary>IOPS: io1 and io2 need them, gp3 may have them.</summary>
        public int? Iops { get; init; }

        /// <summary>A key, with Encrypted only: id, alias or ARN.</summary>
        [MaxLength(2048)]
        public string? KmsKeyId { get; init; }

        /// <summary>Size in GiB; at least the snapshot's, whose size is the default.</summary>
        public int? Size { get; init; }

        /// <summary>The snapshot to make it from.</summary>
        [MaxLength(64)]
        public string? SnapshotId { get; init; }

        /// <summary>The type; <c>gp2</c> if none is given.</summary>
        [MaxLength(32)]
        public string? VolumeType { get; init; }

        /// <summary>Tags for the volume.</summary>
        [Wire("TagSpecification"), MaxLength(10)]
        public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];

        /// <summary>Whether several instances may attach it: io1 and io2.</summary>
        public bool? MultiAttachEnabled { get; init; }

        /// <summary>MiB/s, gp3 only.</summary>
        public int? Throughput { get; init; }

        /// <summary>MiB/s at which to load the snapshot, 100 to 300.</summary>
        public int? VolumeInitializationRate { get; init; }

        /// <summary>Makes a repeated call answer as the first.</summary>
        [MaxLength(64)]
        public string? ClientToken { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <inheritdoc/>
    public async Task<VolumeItem> Handle(Request request, Call call, CancellationToken cancel)
    {
        var zone = Zone.Read(call.Region, request.AvailabilityZone, request.AvailabilityZoneId);
        if (request.Size is null && request.SnapshotId is null)
            throw Ec2Error.MissingParameter("size/snapshot");
        var tags = Tagging.Read(call, request.TagSpecifications, "volume");
        Snapshot? source = null;
        if (request.SnapshotId is { } snapshotId)
        {
            source = (await SnapshotAccess.Found(db, [snapshotId], call.Region, call.AccountId, cancel))[snapshotId];
            await call.Require(VolumeAccess.ArnOf(call, "*"), Arn.Snapshot(call.Region, source.Id));
            SnapshotAccess.CheckCompleted(source);
            if (request.Size < source.VolumeSizeGiB)
            {
                throw Ec2Error.InvalidParameterValue(
                    $"The size of a volume must be at least that of its snapshot: {request.Size} GiB is less than " +
                    $"the {source.VolumeSizeGiB} GiB of {source.Id}.");
            }
        }
        var wish = new NewVolume
        {
            AvailabilityZone = zone.Name,
            Source = source,
            SizeGiB = request.Size,
            VolumeType = request.VolumeType,
            Iops = request.Iops,
            Throughput = request.Throughput,
            InitializationRate = request.VolumeInitializationRate,
            Encrypted = request.Encrypted,
            KmsKeyId = request.KmsKeyId,
            MultiAttach = request.MultiAttachEnabled == true,
        };
        NewVolumes.Check(wish);
        await call.Authorize(VolumeAccess.ArnOf(call, "*"));

        var volume = await volumes.Add(wish, call, cancel);
        tags.AddTo(db, "volume", volume.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        // A volume that is going to fail says so a moment later, as AWS's does.
        return VolumeItem.Of(volume, tags.For("volume")) with { State = VolumeState.Creating };
    }
}
