using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Ends instances for good; one that is ended is left as it is.</summary>
/// <remarks>
/// Volumes that go with their instance are deleted, others are detached; snapshots are never touched. EC2 User Guide
/// "Preserve data when an instance is terminated".
/// </remarks>
[Operation("ec2:TerminateInstances")]
public sealed class TerminateInstances(Db db, TimeProvider clock)
    : IOperation<TerminateInstances.Request, TerminateInstances.Response>
{
    public sealed record Request
    {
        [Wire("InstanceId"), MaxLength(InstanceAccess.IdsMax)]
        public required IReadOnlyList<string> InstanceIds { get; init; }

        /// <summary>Pulls the plug, which a termination does anyway.</summary>
        public bool? Force { get; init; }

        /// <summary>The same, by another name.</summary>
        public bool? SkipOsShutdown { get; init; }

        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instancesSet")] IReadOnlyList<InstanceStateChange> TerminatingInstances);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var instances = await InstanceAccess.Owned(db, request.InstanceIds, call, now, cancel);
        await call.Authorize(InstanceAccess.ArnsOf(call, instances));
        if (instances.FirstOrDefault(i => i.DisableApiTermination && i.State != InstanceState.Terminated) is { } kept)
            throw Ec2Error.TerminationDisabled(kept.Id);
        var changes = new List<InstanceStateChange>();
        foreach (var instance in instances)
        {
            var before = instance.State;
            if (before is not (InstanceState.ShuttingDown or InstanceState.Terminated))
            {
                Transition.ByUser(instance, InstanceState.ShuttingDown, now);
                await InstanceReconciler.Want(db, instance, now, cancel);
            }
            changes.Add(InstanceStateChange.Of(instance, before));
        }
        await db.SaveChangesAsync(cancel);
        return new Response(changes);
    }
}
