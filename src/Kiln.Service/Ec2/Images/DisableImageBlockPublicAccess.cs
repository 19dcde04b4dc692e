using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Lets the account's images in this Region be made public again. EC2 API Reference "DisableImageBlockPublicAccess".
/// </summary>
[Operation("ec2:DisableImageBlockPublicAccess")]
public sealed class DisableImageBlockPublicAccess(Db db)
    : IOperation<DisableImageBlockPublicAccess.Request, DisableImageBlockPublicAccess.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The state now.</summary>
    public sealed record Response(string ImageBlockPublicAccessState);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();

        var settings = await RegionSettings.Of(db, call, cancel);
        settings.ImageBlockPublicAccess = RegionSettings.Unblocked;
        await db.SaveChangesAsync(cancel);
        return new Response(settings.ImageBlockPublicAccess);
    }
}
