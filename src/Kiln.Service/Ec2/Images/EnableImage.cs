using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>Takes a disabled image into use again, private to its owner. EC2 API Reference "EnableImage".</summary>
[Operation("ec2:EnableImage")]
public sealed class EnableImage(Db db, TimeProvider clock) : IOperation<EnableImage.Request, EnableImage.Response>
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
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel);
        await call.Authorize(Arn.Image(call.Region, image.Id));
        if (image.State is not (ImageState.Available or ImageState.Disabled))
            throw Ec2Error.IncorrectImageState(image.Id, image.State, "disabled");

        if (image.State == ImageState.Disabled)
            image.Become(ImageState.Available, now);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
