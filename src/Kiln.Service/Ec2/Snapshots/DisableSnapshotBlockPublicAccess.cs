using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Lets the account's snapshots of the Region be shared with everybody again. EC2 API Reference
/// "DisableSnapshotBlockPublicAccess".</summary>
[Operation("ec2:DisableSnapshotBlockPublicAccess")]
public sealed class DisableSnapshotBlockPublicAccess(Db db)
    : IOperation<DisableSnapshotBlockPublicAccess.Request, DisableSnapshotBlockPublicAccess.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>A rehearsal.</summary>
        public bool? DryRun { get; init; }
    }

    /// <summary>The setting now.</summary>
    public sealed record Response
    {
        /// <summary><c>unblocked</c>, <c>block-new-sharing</c> or <c>block-all-sharing</c>.</summary>
        public required string State { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        (await RegionSettings.Of(db, call, cancel)).SnapshotBlockPublicAccess = "unblocked";
        await db.SaveChangesAsync(cancel);
        return new Response { State = "unblocked" };
    }
}
