using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Ends the protection of an image: at once, or after its cooldown. EC2 API Reference
/// "DisableImageDeregistrationProtection".
/// </summary>
[Operation("ec2:DisableImageDeregistrationProtection")]
public sealed class DisableImageDeregistrationProtection(Db db, TimeProvider clock)
    : IOperation<DisableImageDeregistrationProtection.Request, DisableImageDeregistrationProtection.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary>The image.</summary>
        public required string ImageId { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>What AWS answers: the text <c>true</c>.</summary>
    public sealed record Response
    {
        /// <summary>The text <c>true</c>.</summary>
        public string Return { get; init; } = "true";
    }

    /// <summary>How long a protection with cooldown still holds.</summary>
    public static readonly TimeSpan Cooldown = TimeSpan.FromHours(24);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var image = await ImageAccess.Owned(db, request.ImageId, call, now, cancel);
        await call.Authorize(Arn.Image(call.Region, image.Id));

        // A second call does not begin the day again.
        if (image.DeregistrationProtection == Image.ProtectedWithCooldown)
            image.ProtectionCooldownEnd = now + Cooldown;
        image.DeregistrationProtection = Image.Unprotected;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
