using System.ComponentModel.DataAnnotations;
using System.Globalization;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Encryption;
using Kiln.Service.Ec2.Snapshots;
using Kiln.Service.Ec2.Tags;
using Kiln.Service.Persistence;
using Kiln.Service.Work;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>Copies an image into the called Region, with snapshots of its own. EC2 API Reference "CopyImage".</summary>
/// <remarks>
/// The caller needs to see the image, and to read each of its snapshots: a launch permission alone is not enough for
/// a copy. Permissions, deprecation and protection do not travel. A key that cannot be used makes the copy fail after
/// the answer, with StateReason, as AWS does.
/// </remarks>
[Operation("ec2:CopyImage")]
public sealed class CopyImage(
    Db db, EbsKeys keys, NewSnapshots snapshots, TimeBasedCopies timed, NodeIdentity node, ServiceOptions options,
    TimeProvider clock)
    : IOperation<CopyImage.Request, CopyImage.Response>
{
    /// <summary>What to copy, and how.</summary>
    [Unsupported("Outposts only", "DestinationOutpostArn")]
    [Unsupported("there are no Local Zones", "DestinationAvailabilityZone", "DestinationAvailabilityZoneId")]
    public sealed record Request
    {
        /// <summary>Minutes within which each snapshot is to be copied: 15 to 2880, in steps of 15.</summary>
        public long? SnapshotCopyCompletionDurationMinutes { get; init; }

        /// <summary>Makes a repeated call the same call.</summary>
        [MaxLength(128)]
        public string? ClientToken { get; init; }

        /// <summary>Up to 255 characters; none tells where the copy is from.</summary>
        [MaxLength(255)]
        public string? Description { get; init; }

        /// <summary>Whether to encrypt; an encrypted image cannot be copied in the clear.</summary>
        public bool? Encrypted { get; init; }

        /// <summary>A key of the called Region, with Encrypted only: id, alias or ARN.</summary>
        [MaxLength(2048)]
        public string? KmsKeyId { get; init; }

        /// <summary>3 to 128 characters.</summary>
        public required string Name { get; init; }

        /// <summary>The image to copy.</summary>
        [MaxLength(64)]
        public required string SourceImageId { get; init; }

        /// <summary>The Region to copy from.</summary>
        [MaxLength(64)]
        public required string SourceRegion { get; init; }

        /// <summary>Whether the caller's own tags on the image are copied.</summary>
        public bool? CopyImageTags { get; init; }

        /// <summary>Tags for the image and for the snapshots.</summary>
        [Wire("TagSpecification"), MaxLength(10)]
        public IReadOnlyList<TagSpecification> TagSpecifications { get; init; } = [];

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The copy, pending.</summary>
    public sealed record Response(string ImageId);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        ImageNames.Check(request.Name);
        var tags = Tagging.Read(call, request.TagSpecifications, "image", "snapshot");
        if (!options.RegionList.Contains(request.SourceRegion))
        {
            throw Ec2Error.InvalidParameterValue(
                request.SourceRegion, "sourceRegion", $"Enabled Regions are {options.Regions}.");
        }
        var source = await ImageAccess.Found(
            db, request.SourceImageId, request.SourceRegion, call.AccountId, cancel);
        await call.Authorize(Arn.AnyImage(call), Arn.Image(source.Region, source.Id));
        ImageAccess.CheckAvailable(source);
        var parts = await Storage(source, call, cancel);
        if (parts.FirstOrDefault(s => s.NodeId != node.Id) is { } elsewhere)
            throw Ec2Error.UnavailableHere(elsewhere.Id, elsewhere.NodeId);
        await ImageNames.CheckFree(db, request.Name, call, options, cancel);
        await CheckCopies(call, cancel);
        await snapshots.CheckQuota(parts.Count, call, cancel);
        var minutes = await timed.Admit(parts, request.SnapshotCopyCompletionDurationMinutes, call, cancel);

        var now = clock.GetUtcNow();
        var imageId = Ids.New("ami");
        var copies = new Dictionary<string, Snapshot>(StringComparer.Ordinal);
        foreach (var part in parts)
        {
            var key = await keys.ForImageCopy(part, request.Encrypted, request.KmsKeyId, call, cancel);
            var copy = Snapshot.CopyOf(
                part, key, call, node.Id, Description(imageId, source.Id, part.Id, now), now, minutes);
            copies.Add(part.Id, copy);
            db.Add(copy);
            db.Add(Work.Work.For(SnapshotReconciler.WorkKind, copy.Id, now, copy.NodeId));
            tags.AddTo(db, "snapshot", copy.Id, call.AccountId, call.Region);
        }
        var image = Copy(source, imageId, request, copies, call, now);
        db.Add(image);
        db.Add(Work.Work.For(ImageReconciler.WorkKind, image.Id, now));
        foreach (var tag in await ImageTags(source, request, tags, call, cancel))
            db.Add(ResourceTag.Of(tag, "image", image.Id, call.AccountId, call.Region));
        await db.SaveChangesAsync(cancel);
        return new Response(image.Id);
    }

    /// <summary>The image's snapshots, each of which the caller must be able to read.</summary>
    private async Task<List<Snapshot>> Storage(Image source, Call call, CancellationToken cancel)
    {
        string[] ids = [.. source.Devices.Select(d => d.SnapshotId).OfType<string>().Distinct()];
        var parts = await SnapshotAccess.Visible(db.Snapshots, db, call.AccountId)
            .Where(s => EF.Parameter(ids).Contains(s.Id)).OrderBy(s => s.Id).ToListAsync(cancel);
        var isBought = source.ProductCodes.Count > 0 && source.AccountId != call.AccountId;
        return parts.Count == ids.Length && !isBought ? parts : throw Ec2Error.ImageStorageNotPermitted();
    }

    private Task CheckCopies(Call call, CancellationToken cancel) =>
        db.Limit($"image copies/{call.AccountId}/{call.Region}",
            db.Images.Where(i => i.Region == call.Region && i.AccountId == call.AccountId
                && i.State == ImageState.Pending && i.SourceImageId != null && i.SourceInstanceId == null),
            options.ImageCopiesPerRegion, more: 1, () => Ec2Error.ResourceLimitExceeded(
                $"Too many AMI copies in progress. The limit is {options.ImageCopiesPerRegion} in {call.Region}."),
            cancel);

    private static Image Copy(
        Image source, string id, Request request, Dictionary<string, Snapshot> copies, Call call, DateTimeOffset now)
    {
        var image = new Image
        {
            Id = id,
            Region = call.Region,
            AccountId = call.AccountId,
            Name = request.Name,
            Description = request.Description ?? DefaultDescription(source),
            Platform = source.Platform,
            ProductCodes = source.ProductCodes,
            RootDeviceType = source.RootDeviceType,
            RootDeviceName = source.RootDeviceName,
            Devices = [.. source.Devices.Select(d => CopyOf(d, request, copies))],
            ImageLocation = $"{call.AccountId}/{request.Name}",
            CreationDate = now,
            ImdsSupport = source.ImdsSupport,
            SourceImageId = source.Id,
            SourceImageRegion = source.Region,
        };
        image.ClaimName();
        foreach (var copy in copies.Values)
            image.Snapshots.Add(new ImageSnapshot { ImageId = id, SnapshotId = copy.Id });
        return image;
    }

    private static ImageDevice CopyOf(ImageDevice device, Request request, Dictionary<string, Snapshot> copies)
    {
        if (!device.IsEbs)
            return device;
        // An empty volume has nothing to copy; it is made encrypted where the image is to be.
        return device.SnapshotId is { } id
            ? device with { SnapshotId = copies[id].Id, Encrypted = copies[id].Encrypted, KmsKeyId = null }
            : device with
            {
                Encrypted = device.Encrypted || request.Encrypted == true,
                KmsKeyId = request.KmsKeyId ?? (device.Encrypted ? device.KmsKeyId : null),
            };
    }

    /// <summary>What AWS writes where the caller writes nothing.</summary>
    private static string DefaultDescription(Image source)
    {
        var text = $"[Copied {source.Id} from {source.Region}] {source.Description}".TrimEnd();
        return text.Length <= 255 ? text : text[..255];
    }

    private static string Description(string imageId, string sourceId, string snapshotId, DateTimeOffset now) =>
        string.Create(CultureInfo.InvariantCulture,
            $"Copied for DestinationAmi {imageId} from SourceAmi {sourceId} for SourceSnapshot {snapshotId}. " +
            $"Task created on {now.ToUnixTimeMilliseconds():N0}.");

    /// <summary>The tags asked for, and the caller's own of the source where those are asked for too.</summary>
    private async Task<List<Tag>> ImageTags(
        Image source, Request request, NewTags tags, Call call, CancellationToken cancel)
    {
        List<Tag> given = [.. tags.For("image")];
        if (request.CopyImageTags != true)
            return given;
        var own = (await Tagging.Of(db, call.AccountId, [source.Id], cancel)).Of(source.Id);
        given.AddRange(own.Where(t => !Tagging.IsReserved(t.Key!) && tags.For("image").All(g => g.Key != t.Key)));
        return given.Count <= ResourceTag.UserTagsMax ? given : throw Ec2Error.TagLimitExceeded();
    }
}
