using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Has the account's images in this Region kept from being made public. EC2 API Reference
/// "EnableImageBlockPublicAccess".
/// </summary>
/// <remarks>Images that are public already stay so.</remarks>
[Operation("ec2:EnableImageBlockPublicAccess")]
public sealed class EnableImageBlockPublicAccess(Db db)
    : IOperation<EnableImageBlockPublicAccess.Request, EnableImageBlockPublicAccess.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary><c>block-new-sharing</c>.</summary>
        public required string ImageBlockPublicAccessState { get; init; }

        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The state now.</summary>
    public sealed record Response(string ImageBlockPublicAccessState);

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.ImageBlockPublicAccessState != RegionSettings.BlockNewSharing)
        {
            throw Ec2Error.InvalidParameterValue(Ec2Error.Short(request.ImageBlockPublicAccessState),
                "imageBlockPublicAccessState", "It must be block-new-sharing.");
        }
        await call.Authorize();

        var settings = await RegionSettings.Of(db, call, cancel);
        settings.ImageBlockPublicAccess = RegionSettings.BlockNewSharing;
        await db.SaveChangesAsync(cancel);
        return new Response(settings.ImageBlockPublicAccess);
    }
}
