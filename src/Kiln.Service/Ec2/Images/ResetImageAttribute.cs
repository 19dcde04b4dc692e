using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>Makes an image its owner's alone again. EC2 API Reference "ResetImageAttribute".</summary>
[Operation("ec2:ResetImageAttribute")]
public sealed class ResetImageAttribute(Db db, TimeProvider clock)
    : IOperation<ResetImageAttribute.Request, ResetImageAttribute.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary><c>launchPermission</c>.</summary>
        public required string Attribute { get; init; }

        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>Nothing to tell.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.Attribute != "launchPermission")
        {
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(request.Attribute), "attribute", "Only launchPermission can be reset.");
        }
        var now = clock.GetUtcNow();
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel, withPermissions: true);
        await call.Authorize(Arn.Image(call.Region, image.Id));

        image.LaunchPermissions.Clear();
        image.IsPublic = false;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
