using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Stops instances with an EBS root; one that is stopped or stopping is left as it is.</summary>
[Operation("ec2:StopInstances")]
public sealed class StopInstances(Db db, TimeProvider clock)
    : IOperation<StopInstances.Request, StopInstances.Response>
{
    [Unsupported("Kiln does not hibernate instances", "Hibernate")]
    public sealed record Request
    {
        [Wire("InstanceId"), MaxLength(InstanceAccess.IdsMax)]
        public required IReadOnlyList<string> InstanceIds { get; init; }

        /// <summary>Pulls the plug instead of asking the system.</summary>
        public bool? Force { get; init; }

        /// <summary>The same, by another name.</summary>
        public bool? SkipOsShutdown { get; init; }

        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instancesSet")] IReadOnlyList<InstanceStateChange> StoppingInstances);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var instances = await InstanceAccess.Owned(db, request.InstanceIds, call, now, cancel);
        await call.Authorize(InstanceAccess.ArnsOf(call, instances));
        foreach (var instance in instances)
            Check(instance);
        var force = request.Force == true || request.SkipOsShutdown == true;
        var changes = new List<InstanceStateChange>();
        foreach (var instance in instances)
        {
            var before = instance.State;
            if (before == InstanceState.Running)
                Transition.ByUser(instance, InstanceState.Stopping, now);
            // A second call with force pulls the plug on a system that does not end.
            if (instance.State == InstanceState.Stopping)
            {
                instance.StopForced = force;
                await InstanceReconciler.Want(db, instance, now, cancel);
            }
            changes.Add(InstanceStateChange.Of(instance, before));
        }
        await db.SaveChangesAsync(cancel);
        return new Response(changes);
    }

    private static void Check(Instance instance)
    {
        if (instance.RootDeviceType != "ebs")
            throw Ec2Error.NotStoppable(instance.Id);
        if (instance.State is not (InstanceState.Running or InstanceState.Stopping or InstanceState.Stopped))
            throw Ec2Error.IncorrectInstanceState(instance.Id, instance.State.Text(), "stopped");
        if (instance.DisableApiStop)
            throw Ec2Error.StopDisabled(instance.Id);
    }
}
