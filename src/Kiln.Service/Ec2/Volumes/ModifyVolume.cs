using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Grows a volume or changes its type, also while it is in use. EC2 API Reference "ModifyVolume".</summary>
[Operation("ec2:ModifyVolume")]
public sealed class ModifyVolume(Db db, TimeProvider clock) : IOperation<ModifyVolume.Request, ModifyVolume.Response>
{
    /// <summary>What to change; what is left out stays.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>The volume.</summary>
        [MaxLength(64)]
        public required string VolumeId { get; init; }

        /// <summary>The new size in GiB; not below the present one.</summary>
        public int? Size { get; init; }

        /// <summary>The new type.</summary>
        [MaxLength(32)]
        public string? VolumeType { get; init; }

        /// <summary>The new IOPS.</summary>
        public int? Iops { get; init; }

        /// <summary>The new MiB/s.</summary>
        public int? Throughput { get; init; }

        /// <summary>Whether several instances may attach it: io2 only.</summary>
        public bool? MultiAttachEnabled { get; init; }
    }

    /// <summary>The change that has begun.</summary>
    public sealed record Response
    {
        /// <summary>The change.</summary>
        public required VolumeModificationItem VolumeModification { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request is { Size: null, VolumeType: null, Iops: null, Throughput: null, MultiAttachEnabled: null })
            throw Ec2Error.MissingParameter("size, volumeType, iops, throughput or multiAttachEnabled");
        var volume = await VolumeAccess.Owned(db, request.VolumeId, call, cancel);
        await call.Authorize(VolumeAccess.ArnOf(call, volume.Id));
        var target = Target(volume, request);
        if (volume.State is not (VolumeState.Available or VolumeState.InUse))
        {
            throw Ec2Error.IncorrectVolumeState(
                volume.Id, volume.State.ToString().ToLowerInvariant(), "'available' or 'in-use'");
        }

        var now = clock.GetUtcNow();
        var earlier = await db.VolumeModifications.Where(m => m.VolumeId == volume.Id)
            .OrderBy(m => m.Number).ToListAsync(cancel);
        var last = earlier.LastOrDefault();
        if (last?.State is VolumeModificationState.Modifying or VolumeModificationState.Optimizing)
        {
            throw Ec2Error.IncorrectModificationState(
                $"Volume {volume.Id} is being modified. Wait until that change is completed.");
        }
        var counted = earlier.Where(m => now - m.StartTime < VolumeModification.Window).ToList();
        if (counted.Count >= VolumeModification.PerWindowMax)
            throw Ec2Error.VolumeModificationRateExceeded(volume.Id, VolumeModification.PerWindowMax);
        db.RemoveRange(earlier.Except(counted));
        var change = new VolumeModification
        {
            VolumeId = volume.Id,
            Number = (last?.Number ?? 0) + 1,
            StartTime = now,
            Original = VolumeShape.Of(volume),
            Target = target,
        };
        db.Add(change);
        await Work.Work.Want(db, VolumeReconciler.WorkKind, volume.Id, now, cancel, volume.NodeId);
        await db.SaveChangesAsync(cancel);
        return new Response { VolumeModification = VolumeModificationItem.Of(change) };
    }

    private static VolumeShape Target(Volume volume, Request request)
    {
        var type = request.VolumeType ?? volume.VolumeType;
        var limits = VolumeLimits.Of(type);
        var size = request.Size ?? volume.SizeGiB;
        if (size < volume.SizeGiB)
            throw Ec2Error.InvalidParameterValue("New size cannot be smaller than existing size");
        // What a type has of its own does not move to another; gp2's IOPS follow its size.
        var keeps = type == volume.VolumeType && limits.IopsMax > 0;
        var (iops, throughput) = limits.Check(
            size, request.Iops ?? (keeps ? volume.Iops : null),
            request.Throughput ?? (keeps ? volume.Throughput : null));
        var multi = request.MultiAttachEnabled ?? volume.MultiAttachEnabled;
        if (multi && !limits.MultiAttach || request.MultiAttachEnabled == true && type != "io2")
        {
            throw Ec2Error.InvalidParameterCombination(
                $"MultiAttachEnabled can be set on io2 volumes only; {volume.Id} would be {type}.");
        }
        if (!multi && volume.Attachments.Count > 1)
        {
            throw Ec2Error.IncorrectModificationState(
                $"Volume {volume.Id} is attached to {volume.Attachments.Count} instances: " +
                "MultiAttachEnabled must stay.");
        }
        return new VolumeShape(size, type, iops, throughput, multi);
    }
}
