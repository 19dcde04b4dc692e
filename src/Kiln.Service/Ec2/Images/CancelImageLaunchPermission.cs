using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Withdraws the caller's account from an image that another account shares with it. EC2 API Reference
/// "CancelImageLaunchPermission".
/// </summary>
/// <remarks>
/// Only a permission for the account itself can be given back, not one for an organisation or for everybody.
/// </remarks>
[Operation("ec2:CancelImageLaunchPermission")]
public sealed class CancelImageLaunchPermission(Db db)
    : IOperation<CancelImageLaunchPermission.Request, CancelImageLaunchPermission.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Always true.</summary>
    public sealed record Response
    {
        /// <summary>True.</summary>
        public bool Return { get; init; } = true;
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        ImageAccess.CheckId(request.ImageId);
        var image = await db.Images.AsNoTracking().SingleOrDefaultAsync(
            i => i.Id == request.ImageId && i.Region == call.Region && i.State != ImageState.Deregistered, cancel);
        if (image is null || !await ImageAccess.MaySee(db, image, call.AccountId, cancel))
            throw Ec2Error.InvalidAmiIdNotFound(request.ImageId);
        await call.Authorize(Arn.Image(call.Region, image.Id));

        var permission = await db.LaunchPermissions.SingleOrDefaultAsync(p => p.ImageId == image.Id
            && p.Kind == LaunchPermission.UserId && p.Value == call.AccountId, cancel)
            ?? throw Ec2Error.OperationNotPermitted(
                $"The image {image.Id} is not shared with account {call.AccountId} by its id.");
        db.Remove(permission);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
