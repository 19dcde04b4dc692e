using System.Globalization;
using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.FastRestores;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Volumes;

/// <summary>Makes volume rows, for CreateVolume and for launches; the volume reconciler makes the devices.</summary>
public sealed class NewVolumes(
    Db db, EbsKeys keys, RegionStores stores, NodeIdentity node, ServiceOptions options, TimeProvider clock)
{
    /// <summary>MiB/s: the least rate of initialization that can be asked for.</summary>
    public const int InitializationRateMin = 100;

    /// <summary>MiB/s: the most.</summary>
    public const int InitializationRateMax = 300;

    /// <summary>Adds the row of a new volume, with its work row; the caller saves. It is ready within
    /// moments.</summary>
    /// <remarks>
    /// A key that cannot be used is not refused here, as AWS looks at it only later: the volume is then made in the
    /// state error, with <see cref="Volume.StateMessage"/>.
    /// </remarks>
    /// <exception cref="AwsException">InvalidParameterValue, InvalidParameterCombination, InvalidBlockDeviceMapping,
    /// UnknownVolumeType, VolumeLimitExceeded, InaccessibleStorageLocation and what keys are refused for.</exception>
    public async Task<Volume> Add(NewVolume wish, Call call, CancellationToken cancel)
    {
        var (limits, size, iops, throughput) = Check(wish);
        if (wish.Source is { } source)
        {
            if (source.NodeId != node.Id)
                throw Ec2Error.UnavailableHere(source.Id, source.NodeId);
            // A look at one small file: what is lost is said now, not by a volume that fails later.
            stores.Manifest(source.Region, source.Id, source.ManifestId!);
        }
        await CheckQuota(call, cancel);

        var key = await keys.ForVolume(wish.Source, wish.Encrypted, wish.KmsKeyId, call, cancel);
        var now = clock.GetUtcNow();
        var id = Ids.New("vol");
        var volume = new Volume
        {
            Id = id,
            Region = call.Region,
            AccountId = call.AccountId,
            NodeId = node.Id,
            AvailabilityZone = wish.AvailabilityZone,
            SizeGiB = size,
            VolumeType = limits.Type,
            Iops = iops,
            Throughput = throughput,
            SnapshotId = wish.Source?.Id,
            BaseManifestId = wish.Source?.ManifestId,
            BaseDataKeyId = wish.Source?.DataKeyId,
            BaseSizeGiB = wish.Source?.VolumeSizeGiB,
            InitializationRate = wish.InitializationRate,
            FastRestored = key.Problem is null && await IsFastRestored(wish, call, now, cancel),
            Encrypted = key.Encrypted,
            KmsKeyId = key.KmsKeyArn,
            DataKeyId = key.DataKeyId,
            MultiAttachEnabled = wish.MultiAttach,
            CreateTime = now,
            LineageId = wish.Source?.LineageId ?? id,
            Platform = wish.Platform ?? wish.Source?.Platform,
            ProductCodes = wish.Source?.ProductCodes ?? [],
        };
        if (key.Problem is { } problem)
            volume.Fail(problem);
        db.Add(volume);
        db.Add(Work.Work.For(VolumeReconciler.WorkKind, id, now, node.Id));
        return volume;
    }

    /// <summary>Checks what a volume is to be, also in a rehearsal; what it will be.</summary>
    /// <exception cref="AwsException">InvalidParameterValue, InvalidParameterCombination, InvalidParameterDependency,
    /// InvalidBlockDeviceMapping, MissingParameter, UnknownVolumeType.</exception>
    public static (VolumeLimits Limits, int SizeGiB, int? Iops, int? Throughput) Check(NewVolume wish)
    {
        var limits = VolumeLimits.Of(wish.VolumeType ?? VolumeLimits.DefaultType);
        var size = wish.SizeGiB ?? wish.Source?.VolumeSizeGiB ?? throw Ec2Error.MissingParameter("size/snapshot");
        var (iops, throughput) = limits.Check(size, wish.Iops, wish.Throughput);
        if (wish.MultiAttach && !limits.MultiAttach)
        {
            throw Ec2Error.InvalidParameterCombination(
                $"The parameter MultiAttachEnabled is not supported for {limits.Type} volumes; use io1 or io2.");
        }
        if (wish.Source is { } source && size < source.VolumeSizeGiB)
            throw Ec2Error.VolumeSmallerThanSnapshot(size, source.Id, source.VolumeSizeGiB);
        if (wish.KmsKeyId is not null && wish.Encrypted != true)
            throw Ec2Error.KmsKeyWithoutEncrypted();
        CheckRate(wish);
        return (limits, size, iops, throughput);
    }

    private static void CheckRate(NewVolume wish)
    {
        if (wish.InitializationRate is not { } rate)
            return;
        if (rate is < InitializationRateMin or > InitializationRateMax)
        {
            throw Ec2Error.InvalidParameterValue(
                rate.ToString(CultureInfo.InvariantCulture), "volumeInitializationRate",
                $"It must be between {InitializationRateMin} and {InitializationRateMax} MiB/s.");
        }
        if (wish.Source is null)
        {
            throw Ec2Error.InvalidParameterCombination(
                "The parameter VolumeInitializationRate is for volumes made from a snapshot.");
        }
    }

    // Who asks for a rate gets the rate and keeps the credit, as in AWS.
    private async Task<bool> IsFastRestored(NewVolume wish, Call call, DateTimeOffset now, CancellationToken cancel)
    {
        if (wish is not { Source: { } source, InitializationRate: null })
            return false;
        var id = FastSnapshotRestore.IdOf(source.Id, wish.AvailabilityZone, call.AccountId);
        return await db.FastSnapshotRestores.FindAsync([id], cancel) is { } restore && restore.TrySpend(now);
    }

    private async Task CheckQuota(Call call, CancellationToken cancel)
    {
        var more = 1 + db.Volumes.Local.Count(v => db.Entry(v).State == EntityState.Added);
        await db.Limit($"volumes/{call.AccountId}/{call.Region}",
            db.Volumes.Where(v => v.Region == call.Region && v.AccountId == call.AccountId), options.VolumesPerRegion,
            more, () => Ec2Error.VolumeLimitExceeded(options.VolumesPerRegion), cancel);
    }
}
