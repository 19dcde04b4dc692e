using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Launches instances of an image: all that were asked for, or at least the minimum, or none.</summary>
/// <remarks>
/// Answers while they are pending; <see cref="InstanceReconciler"/> takes them from there. A key that cannot be used
/// is no refusal: AWS looks at keys only after it has answered, and the instance then ends.
/// </remarks>
[Operation("ec2:RunInstances")]
public sealed class RunInstances(
    Db db, NewVolumes volumes, ReadImageParameter readParameter, NodeIdentity node, QemuHost host,
    GuestCapacity capacity, ServiceOptions options, TimeProvider clock)
    : IOperation<RunInstancesRequest, ReservationItem>
{
    // A hundred launches of one image within a minute need not all change its row.
    private static readonly TimeSpan LaunchedPrecision = TimeSpan.FromMinutes(1);

    public async Task<ReservationItem> Handle(RunInstancesRequest request, Call call, CancellationToken cancel)
    {
        var tags = Tagging.Read(call, request.TagSpecifications, "instance", "volume", "network-interface");
        var launch = await new LaunchReader(db, readParameter).Read(request, call, cancel);
        if (launch.Profile is { } profile)
            await LaunchProfile.CheckPass(db, profile, call, cancel);
        launch.CheckVolumes();
        await call.Authorize(launch.Resources(call));
        MetadataOptionsRules.CheckTags(launch.MetadataOptions, tags.For("instance"));
        var count = await Count(request, launch, call, cancel);

        var now = clock.GetUtcNow();
        var reservation = Ids.New("r");
        var instances = new List<InstanceItem>();
        for (var index = 0; index < count; index++)
        {
            var instance = launch.Row(reservation, index, node.Id, call, now);
            if (instance.AssociatePublicIpAddress)
                instance.PublicIpAddress = await LaunchNetwork.NextPublic(db, host.IsUsed, cancel);
            db.Add(instance);
            var card = launch.Network.Add(
                instance.Id, instance.PrivateIpAddress, instance.MacAddress, instance.NetworkInterfaceId, now);
            tags.AddTo(db, "instance", instance.Id, call.AccountId, call.Region);
            await SshPortTag.Put(db, instance, cancel);
            tags.AddTo(db, "network-interface", card.Id, call.AccountId, call.Region);
            await AddVolumes(launch, instance, tags, call, cancel);
            db.Add(Work.Work.For(InstanceReconciler.WorkKind, instance.Id, now, node.Id));
            instances.Add(InstanceItem.Of(instance, [], tags.For("instance")) with
            {
                StateReason = new StateReasonItem("pending", "pending"),
            });
        }
        if (launch.Image.LastLaunchedTime is not { } last || now - last >= LaunchedPrecision)
            launch.Image.LastLaunchedTime = now;
        await db.SaveChangesAsync(cancel);
        return new ReservationItem(reservation, call.AccountId, [], instances);
    }

    private async Task AddVolumes(
        Launch launch, Instance instance, NewTags tags, Call call, CancellationToken cancel)
    {
        foreach (var device in launch.VolumeDevices)
        {
            var volume = await volumes.Add(launch.Wish(device), call, cancel);
            volume.Attachments.Add(new VolumeAttachment
            {
                VolumeId = volume.Id,
                InstanceId = instance.Id,
                Device = device.DeviceName,
                AttachTime = instance.LaunchTime,
                DeleteOnTermination = device.DeleteOnTermination,
            });
            tags.AddTo(db, "volume", volume.Id, call.AccountId, call.Region);
        }
    }

    private async Task<int> Count(
        RunInstancesRequest request, Launch launch, Call call, CancellationToken cancel)
    {
        var own = db.Instances.Where(i => i.Region == call.Region && i.AccountId == call.AccountId
            && i.State != InstanceState.Terminated);
        await db.Limit($"instances/{call.AccountId}/{call.Region}", own, options.InstancesPerRegion, request.MinCount,
            () => Ec2Error.InstanceLimitExceeded(request.MinCount, options.InstancesPerRegion), cancel);
        var left = options.InstancesPerRegion - await own.CountAsync(cancel);
        // An address that was asked for is already counted as taken.
        var free = request.MaxCount == 1 ? 1 : launch.Network.Free;
        if (free < request.MinCount)
            throw Ec2Error.InsufficientFreeAddresses(launch.Network.Subnet.Id);
        return await capacity.Room(request.MinCount, Math.Min(request.MaxCount, Math.Min(left, free)), launch.Type.Name,
            launch.Network.Subnet.AvailabilityZone, cancel);
    }
}
