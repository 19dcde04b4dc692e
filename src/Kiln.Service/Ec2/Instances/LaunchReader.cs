using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Images;
using Kiln.Service.Ec2.InstanceTypes;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Reads a launch out of its request, with EC2's checks in EC2's order.</summary>
public sealed class LaunchReader(Db db, ReadImageParameter readParameter)
{
    private const string ResolvePrefix = "resolve:ssm:";

    /// <summary>Finds and checks everything; changes nothing but the account's first default network.</summary>
    /// <exception cref="AwsException">What RunInstances refuses.</exception>
    public async Task<Launch> Read(RunInstancesRequest request, Call call, CancellationToken cancel)
    {
        CheckCounts(request);
        var image = await FindImage(request.ImageId, call, cancel);
        await call.Require(Arn.Image(call.Region, image.Id), InstanceAccess.ArnOf(call, "*"));
        ImageAccess.CheckAvailable(image);
        var type = InstanceTypeCatalog.Of(request.InstanceType ?? InstanceTypeCatalog.Default);
        var behavior = request.InstanceInitiatedShutdownBehavior;
        if (behavior is not (null or "stop" or "terminate"))
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(behavior), "instanceInitiatedShutdownBehavior", "Use stop or terminate.");
        LaunchRules.Check(image, type, behavior);
        CheckKernel(request, image);
        var devices = DeviceMap.Merge(image.Devices, request.BlockDeviceMappings, new DeviceMap.Machine
        {
            RootDeviceName = image.RootDeviceName,
            RootDeviceType = image.RootDeviceType,
            EphemeralDisks = type.HasNvmeDisks ? 0 : type.Disks,
            ImageEphemeralCounts = type.Family != "m3",
        });
        var snapshots = await FindSnapshots(devices, call, cancel);
        var key = request.KeyName is { } name ? await PublicKey(name, call, cancel) : null;
        var profile = request.IamInstanceProfile is { } named ? await named.Find(db, call, cancel) : null;
        return new Launch
        {
            Request = request,
            Image = image,
            Type = type,
            Devices = devices,
            Snapshots = snapshots,
            Profile = profile,
            PublicKey = key,
            UserData = LaunchRules.UserData(request.UserData),
            MetadataOptions = Metadata(request.MetadataOptions, image),
            Network = await LaunchNetwork.Of(db, request, call, cancel),
        };
    }

    private async Task<string> PublicKey(string name, Call call, CancellationToken cancel) =>
        await db.KeyPairs.Where(k => k.AccountId == call.AccountId && k.Region == call.Region && k.Name == name)
            .Select(k => k.PublicKey).SingleOrDefaultAsync(cancel) ?? throw Ec2Error.InvalidKeyPairNotFound(name);

    private static void CheckCounts(RunInstancesRequest request)
    {
        if (request.MinCount < 1)
            throw Ec2Error.InvalidParameterValue($"{request.MinCount}", "minCount", "Minimum value of 1.");
        if (request.MaxCount < request.MinCount)
            throw Ec2Error.InvalidParameterValue(
                $"{request.MaxCount}", "maxCount", "maxCount may not be less than minCount.");
        if (request.MaxCount > RunInstancesRequest.CountMax)
            throw Ec2Error.InvalidParameterValue(
                $"{request.MaxCount}", "maxCount", $"Maximum value of {RunInstancesRequest.CountMax}.");
    }

    private async Task<Image> FindImage(string? id, Call call, CancellationToken cancel)
    {
        if (id is null)
            throw Ec2Error.MissingParameter("ImageId");
        if (id.StartsWith(ResolvePrefix, StringComparison.Ordinal))
            id = await Resolve(id, call, cancel);
        return await ImageAccess.Found(db, id, call.Region, call.AccountId, cancel);
    }

    /// <summary>The image id in the parameter that a launch names.</summary>
    private async Task<string> Resolve(string id, Call call, CancellationToken cancel)
    {
        var value = await readParameter(id[ResolvePrefix.Length..], call, cancel);
        return value is not null && Ids.IsWellFormed("ami", value) ? value : throw Ec2Error.InvalidParameterValue(
            Ec2Error.Short(id), "imageId", "No parameter of this name and version holds an image id.");
    }

    private static void CheckKernel(RunInstancesRequest request, Image image)
    {
        if (request.KernelId is { } kernel && !Ids.IsWellFormed("aki", kernel))
            throw Ec2Error.InvalidKernelIdMalformed(kernel);
        if (request.RamdiskId is { } disk && !Ids.IsWellFormed("ari", disk))
            throw Ec2Error.InvalidRamDiskIdMalformed(disk);
        if ((request.KernelId ?? request.RamdiskId) is not null && image.Platform.VirtualizationType != "paravirtual")
            throw Ec2Error.InvalidParameterCombination(
                "Kernels and RAM disks are only used with paravirtual images; this image boots by itself.");
    }

    /// <summary>The image's snapshots are read on its owner's behalf; others the caller must be able to read.</summary>
    private async Task<IReadOnlyDictionary<string, Snapshot>> FindSnapshots(
        IReadOnlyList<MergedDevice> devices, Call call, CancellationToken cancel)
    {
        var own = devices.Where(d => d.SnapshotOfImage).Select(d => d.SnapshotId!).Distinct().ToList();
        var found = await db.Snapshots.Where(s => own.Contains(s.Id)).ToDictionaryAsync(s => s.Id, cancel);
        if (own.Find(id => !found.ContainsKey(id)) is { } absent)
            throw Ec2Error.InvalidSnapshotNotFound(absent);
        var named = devices.Where(d => d is { SnapshotId: not null, SnapshotOfImage: false })
            .Select(d => d.SnapshotId!).Distinct().Except(found.Keys).ToList();
        var others = await SnapshotAccess.Found(db, named, call.Region, call.AccountId, cancel);
        if (named.Count > 0)
            await call.Require([.. named.Select(id => Arn.Snapshot(call.Region, id))]);
        SnapshotAccess.CheckCompleted(others.Values);
        foreach (var (id, row) in others)
            found.Add(id, row);
        foreach (var device in devices.Where(d => d.SnapshotId is not null && d.SizeGiB is not null))
        {
            var snapshot = found[device.SnapshotId!];
            if (device.SizeGiB < snapshot.VolumeSizeGiB)
                throw Ec2Error.VolumeSmallerThanSnapshot(
                    device.SizeGiB.Value, snapshot.Id, snapshot.VolumeSizeGiB);
        }
        return found;
    }

    /// <summary>An image made for IMDSv2 requires tokens; a request may say otherwise.</summary>
    private static MetadataOptions Metadata(RunInstancesRequest.MetadataChoice? choice, Image image)
    {
        var basis = image.ImdsSupport == "v2.0"
            ? new MetadataOptions { HttpTokens = "required", HttpPutResponseHopLimit = 2 }
            : new MetadataOptions();
        return MetadataOptionsRules.Merge(basis, choice?.HttpTokens, choice?.HttpPutResponseHopLimit,
            choice?.HttpEndpoint, choice?.HttpProtocolIpv6, choice?.InstanceMetadataTags);
    }
}
