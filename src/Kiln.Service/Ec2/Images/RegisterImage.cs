using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Ec2.Volumes;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>Makes an image of snapshots that are there already. EC2 API Reference "RegisterImage".</summary>
/// <remarks>
/// No data moves. What the call leaves out of architecture and virtualization is taken from the machine whose root
/// volume the root snapshot was, where that is known; else, and always under <c>StrictRegisterDefaults</c>, it is
/// AWS's <c>i386</c> and <c>paravirtual</c>.
/// </remarks>
[Operation("ec2:RegisterImage")]
public sealed class RegisterImage(Db db, TimeProvider clock, ServiceOptions options)
    : IOperation<RegisterImage.Request, RegisterImage.Response>
{
    /// <summary>Mapping and attributes.</summary>
    [Unsupported("billing products need an account that AWS has authorised", "BillingProducts")]
    public sealed record Request
    {
        /// <summary>Path of an instance-store bundle's manifest.</summary>
        [Unsupported("instance-store bundles lie in S3; register an EBS image from its snapshots")]
        public string? ImageLocation { get; init; }

        /// <summary>The boot mode.</summary>
        public string? BootMode { get; init; }

        /// <summary><c>v2.0</c>.</summary>
        public string? TpmSupport { get; init; }

        /// <summary>The UEFI variable store, base64.</summary>
        [MaxLength(64_000)]
        public string? UefiData { get; init; }

        /// <summary><c>v2.0</c>: launches must use IMDSv2.</summary>
        public string? ImdsSupport { get; init; }

        /// <summary>Tags for the image.</summary>
        [Wire("TagSpecification"), MaxLength(10)]
        public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }

        /// <summary>3 to 128 characters.</summary>
        public required string Name { get; init; }

        /// <summary>Up to 255 characters.</summary>
        [MaxLength(255)]
        public string? Description { get; init; }

        /// <summary>The architecture.</summary>
        public string? Architecture { get; init; }

        /// <summary>Kernel of a paravirtual machine.</summary>
        public string? KernelId { get; init; }

        /// <summary>RAM disk of a paravirtual machine.</summary>
        public string? RamdiskId { get; init; }

        /// <summary>The root's device name, e.g. <c>/dev/xvda</c>.</summary>
        [MaxLength(64)]
        public string? RootDeviceName { get; init; }

        /// <summary>The mapping; the root must have a snapshot.</summary>
        [Wire("BlockDeviceMapping"), MaxLength(DeviceRules.EntriesMax)]
        public IReadOnlyList<BlockDeviceMapping> BlockDeviceMappings { get; init; } = [];

        /// <summary><c>hvm</c> or <c>paravirtual</c>.</summary>
        public string? VirtualizationType { get; init; }

        /// <summary><c>simple</c>.</summary>
        public string? SriovNetSupport { get; init; }

        /// <summary>Enhanced networking with ENA.</summary>
        public bool? EnaSupport { get; init; }
    }

    /// <summary>The new image.</summary>
    public sealed record Response(string ImageId);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        ImageNames.Check(request.Name);
        var tags = Tagging.Read(call, request.TagSpecifications, "image");
        RegisterRules.CheckValues(request);
        DeviceRules.CheckShape(request.BlockDeviceMappings);
        var root = RegisterRules.CheckRoot(request);
        string[] named = [.. request.BlockDeviceMappings.Select(d => d.Ebs?.SnapshotId).OfType<string>().Distinct()];
        var snapshots = await SnapshotAccess.Found(db, named, call.Region, call.AccountId, cancel);
        await call.Authorize([Arn.AnyImage(call), .. named.Select(id => Arn.Snapshot(call.Region, id))]);
        SnapshotAccess.CheckCompleted(snapshots.Values);
        ImageDevice[] devices = [.. request.BlockDeviceMappings
            .Where(d => d.NoDevice is null).Select(d => Device(d, snapshots, root))];
        var origin = options.StrictRegisterDefaults ? null : snapshots[root.Ebs!.SnapshotId!].Platform;
        var platform = RegisterRules.Platform(request, origin);
        await ImageNames.CheckFree(db, request.Name, call, options, cancel);

        var now = clock.GetUtcNow();
        var image = new Image
        {
            Id = Ids.New("ami"),
            Region = call.Region,
            AccountId = call.AccountId,
            Name = request.Name,
            Description = request.Description ?? "",
            Platform = platform,
            ProductCodes = [.. snapshots.Values.SelectMany(s => s.ProductCodes).Distinct()],
            RootDeviceType = "ebs",
            RootDeviceName = root.DeviceName,
            Devices = devices,
            ImageLocation = $"{call.AccountId}/{request.Name}",
            CreationDate = now,
            ImdsSupport = request.ImdsSupport,
        };
        image.ClaimName();
        foreach (var id in named)
            image.Snapshots.Add(new ImageSnapshot { ImageId = image.Id, SnapshotId = id });
        // Its snapshots are completed: there is nothing to wait for.
        image.Become(ImageState.Available, now);
        db.Add(image);
        tags.AddTo(db, "image", image.Id, call.AccountId, call.Region);
        await db.SaveChangesAsync(cancel);
        return new Response(image.Id);
    }

    private static ImageDevice Device(
        BlockDeviceMapping entry, Dictionary<string, Snapshot> snapshots, BlockDeviceMapping root)
    {
        if (entry.VirtualName is { } ephemeral)
            return new ImageDevice { DeviceName = entry.DeviceName!, VirtualName = ephemeral };
        var snapshot = entry.Ebs!.SnapshotId is { } id ? snapshots[id] : null;
        return DeviceRules.Volume(entry.DeviceName!, entry.Ebs, snapshot, isRoot: ReferenceEquals(entry, root));
    }
}
