using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Storage;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>Makes an image of an instance: one instant of all its volumes. EC2 API Reference "CreateImage".</summary>
/// <remarks>
/// Answers while the image is pending. A stopped instance, and a running one with NoReboot, is cut at once; otherwise
/// the machine is brought to rest first, cut by <see cref="ImageReconciler"/>, and started again.
/// </remarks>
[Operation("ec2:CreateImage")]
public sealed class CreateImage(
    Db db, NewSnapshots snapshots, IGuest guests, ServiceOptions options, TimeProvider clock)
    : IOperation<CreateImage.Request, CreateImage.Response>
{
    /// <summary>The instance and its image.</summary>
    public sealed record Request
    {
        /// <summary>Tags for the image and for the snapshots.</summary>
        [Wire("TagSpecification"), MaxLength(10)]
        public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];

        /// <summary>Where Local Zones keep snapshots.</summary>
        [Unsupported("there are no Local Zones")]
        public string? SnapshotLocation { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>The instance, running or stopped.</summary>
        [MaxLength(64)]
        public required string InstanceId { get; init; }

        /// <summary>3 to 128 characters.</summary>
        public required string Name { get; init; }

        /// <summary>Up to 255 characters.</summary>
        [MaxLength(255)]
        public string? Description { get; init; }

        /// <summary>Whether a running machine goes on: crash-consistent, without what it has not written.</summary>
        public bool? NoReboot { get; init; }

        /// <summary>What is different from the instance's own volumes.</summary>
        [Wire("BlockDeviceMapping"), MaxLength(DeviceRules.EntriesMax)]
        public IReadOnlyList<BlockDeviceMapping> BlockDeviceMappings { get; init; } = [];
    }

    /// <summary>The image, pending.</summary>
    public sealed record Response(string ImageId);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        ImageNames.Check(request.Name);
        var tags = Tagging.Read(call, request.TagSpecifications, "image", "snapshot");
        DeviceRules.CheckShape(request.BlockDeviceMappings);
        var instance = await InstanceOf(request.InstanceId, call, cancel);
        string[] named = [.. request.BlockDeviceMappings.Select(d => d.Ebs?.SnapshotId).OfType<string>().Distinct()];
        var ready = await SnapshotAccess.Found(db, named, call.Region, call.AccountId, cancel);
        await call.Authorize([
            Arn.Ec2(call.Region, call.AccountId, "instance", instance.Id), Arn.AnyImage(call), Arn.AnySnapshot(call)]);
        CheckState(instance);
        SnapshotAccess.CheckCompleted(ready.Values);
        var volumes = await InstanceVolumes.Of(db, instance, cancel);
        var (devices, cut) = InstanceDevices.Merge(instance, volumes, request.BlockDeviceMappings, ready);
        await ImageNames.CheckFree(db, request.Name, call, options, cancel);

        var image = await ImageOf(instance, request, devices, volumes, call, cancel);
        foreach (var id in ready.Keys)
            image.Snapshots.Add(new ImageSnapshot { ImageId = image.Id, SnapshotId = id });
        db.Add(image);
        tags.AddTo(db, "image", image.Id, call.AccountId, call.Region);
        // The cut is made where the volumes are.
        db.Add(Work.Work.For(ImageReconciler.WorkKind, image.Id, image.CreationDate, instance.NodeId));
        var waits = instance.State == InstanceState.Running && request.NoReboot != true;
        if (!waits)
        {
            await CutNow(image, instance, volumes, cut, tags, call, cancel);
            return new Response(image.Id);
        }
        await snapshots.CheckQuota(cut.Count, call, cancel);
        image.PendingCut = new ImageCut
        {
            Volumes = cut,
            SnapshotTags = tags.For("snapshot"),
        };
        instance.AskQuiet(image.Id);
        await InstanceReconciler.Want(db, instance, image.CreationDate, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response(image.Id);
    }

    private async Task CutNow(
        Image image, Instance instance, IReadOnlyList<Volume> volumes, IReadOnlyDictionary<string, string> cut,
        NewTags tags, Call call, CancellationToken cancel)
    {
        var wishes = cut.Values.Select(id => new NewSnapshots.Wish(
            volumes.First(v => v.Id == id), ImageCut.Description(image))).ToList();
        var (rows, cuts) = await snapshots.CutAtRest(wishes, null, instance, guests, call, cancel);
        using (cuts)
        {
            image.Take(cut.Keys.Zip(rows).ToDictionary(pair => pair.First, pair => pair.Second));
            foreach (var row in rows)
                tags.AddTo(db, "snapshot", row.Id, call.AccountId, call.Region);
            await db.SaveChangesAsync(cancel);
            cuts.Keep();
        }
    }

    private async Task<Instance> InstanceOf(string id, Call call, CancellationToken cancel)
    {
        if (!Ids.IsWellFormed("i", id))
            throw Ec2Error.InvalidInstanceIdNotWellFormed(id);
        return await db.Instances.SingleOrDefaultAsync(
            i => i.Id == id && i.Region == call.Region && i.AccountId == call.AccountId, cancel)
            ?? throw Ec2Error.InvalidInstanceIdAbsent(id);
    }

    private static void CheckState(Instance instance)
    {
        if (instance.RootDeviceType != "ebs")
            throw Ec2Error.NonEbsInstance(instance.Id);
        // Clients know these words and try again for a while.
        if (instance.State is not (InstanceState.Running or InstanceState.Stopped or InstanceState.Stopping))
        {
            throw Ec2Error.InvalidParameterValue(
                $"Instance is not in state 'running' or 'stopped': {instance.Id}");
        }
    }

    private async Task<Image> ImageOf(
        Instance instance, Request request, IReadOnlyList<ImageDevice> devices, IReadOnlyList<Volume> volumes,
        Call call, CancellationToken cancel)
    {
        var imds = await db.Images.Where(i => i.Id == instance.ImageId).Select(i => i.ImdsSupport)
            .SingleOrDefaultAsync(cancel);
        var image = new Image
        {
            Id = Ids.New("ami"),
            Region = call.Region,
            AccountId = call.AccountId,
            Name = request.Name,
            Description = request.Description ?? "",
            Platform = instance.Platform,
            ProductCodes = [.. volumes.SelectMany(v => v.ProductCodes).Distinct()],
            RootDeviceType = instance.RootDeviceType,
            RootDeviceName = instance.RootDeviceName,
            Devices = devices,
            ImageLocation = $"{call.AccountId}/{request.Name}",
            CreationDate = clock.GetUtcNow(),
            ImdsSupport = imds,
            SourceInstanceId = instance.Id,
            SourceImageId = instance.ImageId,
            SourceImageRegion = instance.Region,
        };
        image.ClaimName();
        return image;
    }
}
