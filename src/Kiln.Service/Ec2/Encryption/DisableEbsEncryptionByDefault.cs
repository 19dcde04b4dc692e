using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Encryption;

/// <summary>Leaves new volumes and copies clear unless encryption is asked for. EC2 API Reference
/// "DisableEbsEncryptionByDefault".</summary>
[Operation("ec2:DisableEbsEncryptionByDefault")]
public sealed class DisableEbsEncryptionByDefault(Db db)
    : IOperation<DisableEbsEncryptionByDefault.Request, DisableEbsEncryptionByDefault.Response>
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
        (await RegionSettings.Of(db, call, cancel)).EncryptionByDefault = false;
        await db.SaveChangesAsync(cancel);
        return new Response { EbsEncryptionByDefault = false };
    }
}
