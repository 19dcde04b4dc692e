using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Restarts running instances, which stay <c>running</c>.</summary>
[Operation("ec2:RebootInstances")]
public sealed class RebootInstances(Db db, TimeProvider clock)
    : IOperation<RebootInstances.Request, RebootInstances.Response>
{
    public sealed record Request
    {
        [Wire("InstanceId"), MaxLength(InstanceAccess.IdsMax)]
        public required IReadOnlyList<string> InstanceIds { get; init; }

        public bool? DryRun { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var instances = await InstanceAccess.Owned(db, request.InstanceIds, call, now, cancel);
        await call.Authorize(InstanceAccess.ArnsOf(call, instances));
        if (instances.FirstOrDefault(i => i.State is not (InstanceState.Running or InstanceState.Pending)) is { } wrong)
            throw Ec2Error.IncorrectInstanceState(wrong.Id, wrong.State.Text(), "rebooted");
        foreach (var instance in instances)
        {
            instance.RebootRequested = true;
            await InstanceReconciler.Want(db, instance, now, cancel);
        }
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
