using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Tells whether the account's snapshots may be shared with everybody. EC2 API Reference
/// "GetSnapshotBlockPublicAccessState".</summary>
[Operation("ec2:GetSnapshotBlockPublicAccessState")]
public sealed class GetSnapshotBlockPublicAccessState(Db db)
    : IOperation<GetSnapshotBlockPublicAccessState.Request, GetSnapshotBlockPublicAccessState.Response>
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

        /// <summary>Who has set it: always <c>account</c>, as there are no declarative policies here.</summary>
        public required string ManagedBy { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var settings = await db.RegionSettings.FindAsync([call.AccountId, call.Region], cancel);
        return new Response { State = settings?.SnapshotBlockPublicAccess ?? "unblocked", ManagedBy = "account" };
    }
}
