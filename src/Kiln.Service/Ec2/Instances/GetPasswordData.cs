using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Gives the administrator's password of a Windows instance: none, as Kiln sets none.</summary>
[Operation("ec2:GetPasswordData")]
public sealed class GetPasswordData(Db db, TimeProvider clock)
    : IOperation<GetPasswordData.Request, GetPasswordData.Response>
{
    public sealed record Request
    {
        public required string InstanceId { get; init; }
        public bool? DryRun { get; init; }
    }

    /// <summary>An empty text means that there is no password, or not yet.</summary>
    public sealed record Response(string InstanceId, DateTimeOffset Timestamp, string PasswordData);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var instance = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        return new Response(instance.Id, clock.GetUtcNow(), "");
    }
}
