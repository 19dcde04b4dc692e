using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Takes an image out of use for a while: hidden, private, not launchable. EC2 API Reference "DisableImage".
/// </summary>
/// <remarks>
/// All launch permissions are erased; EnableImage does not bring them back. Running instances are not touched.
/// </remarks>
[Operation("ec2:DisableImage")]
public sealed class DisableImage(Db db, TimeProvider clock) : IOperation<DisableImage.Request, DisableImage.Response>
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
        var now = clock.GetUtcNow();
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel, withPermissions: true);
        await call.Authorize(Arn.Image(call.Region, image.Id));
        if (image.State is not (ImageState.Available or ImageState.Disabled))
            throw Ec2Error.IncorrectImageState(image.Id, image.State, "available");

        if (image.State == ImageState.Available)
        {
            image.Become(ImageState.Disabled, now);
            image.LaunchPermissions.Clear();
            image.IsPublic = false;
        }
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
