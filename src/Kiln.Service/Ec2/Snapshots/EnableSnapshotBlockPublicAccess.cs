using Kiln.Service.Calls;
using Kiln.Service.Ec2.Settings;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Snapshots;

/// <summary>Keeps the account's snapshots of the Region from being shared with everybody. EC2 API Reference
/// "EnableSnapshotBlockPublicAccess".</summary>
[Operation("ec2:EnableSnapshotBlockPublicAccess")]
public sealed class EnableSnapshotBlockPublicAccess(Db db)
    : IOperation<EnableSnapshotBlockPublicAccess.Request, EnableSnapshotBlockPublicAccess.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary><c>block-all-sharing</c> or <c>block-new-sharing</c>.</summary>
        public required string State { get; init; }

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
        if (request.State is not ("block-all-sharing" or "block-new-sharing"))
        {
            var value = request.State.Length <= 64 ? request.State : request.State[..64];
            throw Ec2Error.InvalidParameterValue(
                value, "State",
                "Use block-all-sharing or block-new-sharing; DisableSnapshotBlockPublicAccess unblocks.");
        }
        await call.Authorize();
        (await RegionSettings.Of(db, call, cancel)).SnapshotBlockPublicAccess = request.State;
        await db.SaveChangesAsync(cancel);
        return new Response { State = request.State };
    }
}
