using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Takes back the date of an image's deprecation, also when it has passed. EC2 API Reference
/// "DisableImageDeprecation".
/// </summary>
[Operation("ec2:DisableImageDeprecation")]
public sealed class DisableImageDeprecation(Db db, TimeProvider clock)
    : IOperation<DisableImageDeprecation.Request, DisableImageDeprecation.Response>
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
        if (image.IsPublic && image.DeprecationTime is not null)
        {
            throw Ec2Error.OperationNotPermitted(
                $"The image {image.Id} is public: its deprecation cannot be cancelled. Make it private first.");
        }

        image.DeprecationTime = null;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
