using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Who may see and launch an image: its owner, accounts it is shared with, and everybody if it is public.
/// </summary>
/// <remarks>
/// Permissions for organisations and their units are kept and listed, but there is no Organizations service that
/// could say who belongs to one, so they let nobody in. EC2 User Guide "Shared AMI usage".
/// </remarks>
public static class ImageAccess
{
    /// <summary>How long a deregistered image's id still describes as an empty set rather than as unknown.</summary>
    public static readonly TimeSpan Remembered = TimeSpan.FromHours(1);

    /// <summary>Narrows a query to what an account may see: its own, those shared with it, public ones.</summary>
    public static IQueryable<Image> Visible(IQueryable<Image> images, Db db, string accountId)
    {
        var shared = SharedWith(db, accountId);
        return images.Where(i => i.AccountId == accountId || i.IsPublic || shared.Contains(i.Id));
    }

    /// <summary>The ids of images shared with an account by name.</summary>
    public static IQueryable<string> SharedWith(Db db, string accountId) => db.LaunchPermissions
        .Where(p => p.Kind == LaunchPermission.UserId && p.Value == accountId).Select(p => p.ImageId);

    /// <summary>
    /// Whether an account may see an image that was loaded; asks the database only about foreign private ones.
    /// </summary>
    public static async Task<bool> MaySee(Db db, Image image, string accountId, CancellationToken cancel) =>
        image.AccountId == accountId || image.IsPublic || await db.LaunchPermissions.AnyAsync(p =>
            p.ImageId == image.Id && p.Kind == LaunchPermission.UserId && p.Value == accountId, cancel);

    /// <summary>The image that a launch or a copy names: it must be the caller's to see. Whether it can be used is
    /// asked of <see cref="CheckAvailable"/>, once the caller may.</summary>
    /// <exception cref="AwsException">InvalidAMIID.Malformed, InvalidAMIID.NotFound; InvalidAMIID.Unavailable:
    /// deregistered.</exception>
    public static async Task<Image> Found(
        Db db, string imageId, string region, string accountId, CancellationToken cancel)
    {
        CheckId(imageId);
        var image = await db.Images.SingleOrDefaultAsync(i => i.Id == imageId && i.Region == region, cancel);
        if (image is null || !await MaySee(db, image, accountId, cancel))
            throw Ec2Error.InvalidAmiIdNotFound(imageId);
        return image.State == ImageState.Deregistered ? throw Ec2Error.InvalidAmiIdUnavailable(imageId) : image;
    }

    /// <summary>Refuses an image that cannot be launched or copied now.</summary>
    /// <exception cref="AwsException">InvalidAMIID.Unavailable.</exception>
    public static void CheckAvailable(Image image)
    {
        if (image.State != ImageState.Available)
            throw Ec2Error.InvalidAmiIdUnavailable(image.Id, image.State.ToString().ToLowerInvariant());
    }

    /// <summary>The image that its owner wants to change, tracked, in whatever state but deregistered.</summary>
    /// <exception cref="AwsException">InvalidAMIID.Malformed, InvalidAMIID.NotFound; AuthFailure: somebody else's;
    /// InvalidAMIID.Unavailable: deregistered lately.</exception>
    public static async Task<Image> Owned(
        Db db, string imageId, Call call, DateTimeOffset now, CancellationToken cancel, bool withPermissions = false)
    {
        CheckId(imageId);
        var images = withPermissions ? db.Images.Include(i => i.LaunchPermissions) : db.Images.AsQueryable();
        var image = await images.SingleOrDefaultAsync(i => i.Id == imageId && i.Region == call.Region, cancel)
            ?? throw Ec2Error.InvalidAmiIdNotFound(imageId);
        if (image.AccountId != call.AccountId)
            throw Ec2Error.AuthFailure("image", imageId);
        if (image.State != ImageState.Deregistered)
            return image;
        throw await IsForgotten(db, image, now, cancel)
            ? Ec2Error.InvalidAmiIdNotFound(imageId)
            : Ec2Error.InvalidAmiIdUnavailable(imageId);
    }

    /// <summary>
    /// Whether a deregistered image counts as unknown by now: an hour later, unless an instance still names it.
    /// </summary>
    public static async Task<bool> IsForgotten(Db db, Image image, DateTimeOffset now, CancellationToken cancel) =>
        image.DeregisteredAt + Remembered <= now && !await db.Instances.AnyAsync(
            i => i.ImageId == image.Id && i.State != InstanceState.Terminated, cancel);

    /// <summary>Refuses what cannot be an image id.</summary>
    /// <exception cref="AwsException">InvalidAMIID.Malformed.</exception>
    public static void CheckId(string imageId)
    {
        if (!Ids.IsWellFormed("ami", imageId))
            throw Ec2Error.InvalidAmiIdMalformed(imageId);
    }
}
