using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Tells whether the account encrypts by default in the Region. EC2 API Reference
/// "GetEbsEncryptionByDefault".</summary>
[Operation("ec2:GetEbsEncryptionByDefault")]
public sealed class GetEbsEncryptionByDefault(Db db)
    : IOperation<GetEbsEncryptionByDefault.Request, GetEbsEncryptionByDefault.Response>
{
    /// <summary>No parameters.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The setting now.</summary>
    public sealed record Response
    {
        /// <summary>Whether new volumes and copies are encrypted without being asked.</summary>
        public required bool EbsEncryptionByDefault { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var settings = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        return new Response { EbsEncryptionByDefault = settings?.EncryptionByDefault == true };
    }
}
