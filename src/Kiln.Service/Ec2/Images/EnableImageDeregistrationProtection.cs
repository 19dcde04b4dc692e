using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Has DeregisterImage refused for an image. EC2 API Reference "EnableImageDeregistrationProtection".
/// </summary>
[Operation("ec2:EnableImageDeregistrationProtection")]
public sealed class EnableImageDeregistrationProtection(Db db, TimeProvider clock)
    : IOperation<EnableImageDeregistrationProtection.Request, EnableImageDeregistrationProtection.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>Whether refusal goes on for a day after the protection has ended.</summary>
        public bool? WithCooldown { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>What AWS answers: the text <c>true</c>.</summary>
    public sealed record Response
    {
        /// <summary>The text <c>true</c>.</summary>
        public string Return { get; init; } = "true";
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel);
        await call.Authorize(Arn.Image(call.Region, image.Id));

        image.DeregistrationProtection =
            request.WithCooldown == true ? Image.ProtectedWithCooldown : Image.ProtectedWithoutCooldown;
        image.ProtectionCooldownEnd = null;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
