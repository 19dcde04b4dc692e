using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// The rules for sharing an image. EC2 User Guide "Shared AMI usage", "Block public access to your AMIs".
/// </summary>
/// <remarks>Launching needs the launch permission alone; copying needs the snapshots' permissions too.</remarks>
internal sealed class ImageSharing(Db db, ServiceOptions options)
{
    /// <summary>Refuses permissions that an image cannot be given.</summary>
    /// <exception cref="Protocol.Errors.AwsException">IncorrectState, InvalidParameter, OperationNotPermitted,
    /// ResourceLimitExceeded.</exception>
    public async Task Check(
        Image image, IReadOnlyCollection<(string Kind, string Value)> add, Call call, CancellationToken cancel)
    {
        if (image.State is not (ImageState.Available or ImageState.Pending))
            throw Ec2Error.IncorrectImageState(image.Id, image.State, "available");
        var present = image.LaunchPermissions.Select(p => (p.Kind, p.Value)).ToHashSet();
        await db.Limit($"launch permissions/{image.Id}", db.LaunchPermissions.Where(p => p.ImageId == image.Id),
            options.LaunchPermissionsPerImage, add.Count(p => !present.Contains(p)),
            () => Ec2Error.ResourceLimitExceeded(
                $"The image {image.Id} may have up to {options.LaunchPermissionsPerImage} launch permissions."),
            cancel);
        if (await IsUnderManagedKey(image, cancel))
            throw Ec2Error.SnapshotUnderManagedKey();
        if (add.Any(p => p.Kind == LaunchPermission.Group) && !image.IsPublic)
            await CheckPublic(image, call, cancel);
    }

    /// <summary>Gives and takes permissions; both may be there or absent already.</summary>
    public static void Apply(
        Image image, IReadOnlyCollection<(string Kind, string Value)> add,
        IReadOnlyCollection<(string Kind, string Value)> remove)
    {
        var present = image.LaunchPermissions.Select(p => (p.Kind, p.Value)).ToHashSet();
        foreach (var (kind, value) in add)
        {
            if (present.Add((kind, value)))
            {
                image.LaunchPermissions.Add(
                    new LaunchPermission { ImageId = image.Id, Kind = kind, Value = value });
            }
        }
        image.LaunchPermissions.RemoveAll(p => remove.Contains((p.Kind, p.Value)));
        var isPublic = image.LaunchPermissions.Any(p => p.Kind == LaunchPermission.Group);
        if (isPublic && !image.IsPublic)
        {
            // A public image is deprecated two years after its creation at the latest.
            var latest = EnableImageDeprecation.ToMinute(
                image.CreationDate.AddYears(EnableImageDeprecation.PublicYearsMax));
            if (image.DeprecationTime is null || image.DeprecationTime > latest)
                image.DeprecationTime = latest;
        }
        image.IsPublic = isPublic;
    }

    private async Task<bool> IsUnderManagedKey(Image image, CancellationToken cancel)
    {
        string[] ids = [.. image.Devices.Where(d => d.Encrypted).Select(d => d.SnapshotId).OfType<string>()];
        return ids.Length > 0 && await db.Snapshots.Where(s => EF.Parameter(ids).Contains(s.Id))
            .AnyAsync(s => db.Keys.Any(k => k.Arn == s.KmsKeyId && k.AwsManaged), cancel);
    }

    private async Task CheckPublic(Image image, Call call, CancellationToken cancel)
    {
        var settings = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        if (settings is { ImageBlockPublicAccess: not RegionSettings.Unblocked })
            throw Ec2Error.ImagePublicAccessBlocked();
        if (image.Devices.Any(d => d.Encrypted))
        {
            throw Ec2Error.OperationNotPermitted(
                $"The image {image.Id} has encrypted volumes and cannot be made public.");
        }
        if (image.ProductCodes.Count > 0)
            throw Ec2Error.OperationNotPermitted($"The image {image.Id} has product codes and cannot be made public.");
        // The installation's own images are no tenant's to count.
        if (call.AccountId == Publisher.AccountId)
            return;
        await db.Limit($"public images/{call.AccountId}/{call.Region}",
            db.Images.Where(i => i.AccountId == call.AccountId && i.Region == call.Region
                && i.IsPublic && i.State != ImageState.Deregistered),
            options.PublicImagesPerRegion, more: 1, () => Ec2Error.ResourceLimitExceeded(
                $"You have reached your quota of {options.PublicImagesPerRegion} public AMIs in {call.Region}."),
            cancel);
    }
}
