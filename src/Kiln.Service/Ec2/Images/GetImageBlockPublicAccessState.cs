using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Images;

/// <summary>
/// Tells whether the account's images in this Region may be made public. EC2 API Reference
/// "GetImageBlockPublicAccessState".
/// </summary>
[Operation("ec2:GetImageBlockPublicAccessState")]
public sealed class GetImageBlockPublicAccessState(Db db)
    : IOperation<GetImageBlockPublicAccessState.Request, GetImageBlockPublicAccessState.Response>
{
    /// <summary>The call.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The state, and who set it.</summary>
    public sealed record Response(string ImageBlockPublicAccessState, string ManagedBy = "account");

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var settings = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        return new Response(settings?.ImageBlockPublicAccess ?? RegionSettings.Unblocked);
    }
}
