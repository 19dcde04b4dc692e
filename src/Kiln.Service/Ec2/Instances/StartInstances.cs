using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Starts stopped instances; one that runs or starts is left as it is.</summary>
[Operation("ec2:StartInstances")]
public sealed class StartInstances(Db db, QemuHost host, GuestCapacity capacity, TimeProvider clock)
    : IOperation<StartInstances.Request, StartInstances.Response>
{
    [Unsupported("AWS reserves it", "AdditionalInfo")]
    public sealed record Request
    {
        [Wire("InstanceId"), MaxLength(InstanceAccess.IdsMax)]
        public required IReadOnlyList<string> InstanceIds { get; init; }

        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instancesSet")] IReadOnlyList<InstanceStateChange> StartingInstances);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var now = clock.GetUtcNow();
        var instances = await InstanceAccess.Owned(db, request.InstanceIds, call, now, cancel);
        await call.Authorize(InstanceAccess.ArnsOf(call, instances));
        if (instances.FirstOrDefault(i => i.State is not (
            InstanceState.Stopped or InstanceState.Running or InstanceState.Pending)) is { } wrong)
            throw Ec2Error.IncorrectInstanceState(wrong.Id, wrong.State.Text(), "started");
        if (instances.FirstOrDefault(i => i.State == InstanceState.Stopped) is { } first)
        {
            var count = instances.Count(i => i.State == InstanceState.Stopped);
            await capacity.Room(count, count, first.InstanceType, first.AvailabilityZone, cancel);
        }
        var changes = new List<InstanceStateChange>();
        foreach (var instance in instances)
        {
            var before = instance.State;
            if (before == InstanceState.Stopped)
            {
                instance.Become(InstanceState.Pending, now);
                instance.LaunchTime = now;
                if (instance.AssociatePublicIpAddress)
                    instance.PublicIpAddress = await LaunchNetwork.NextPublic(db, host.IsUsed, cancel);
                await SshPortTag.Put(db, instance, cancel);
                await InstanceReconciler.Want(db, instance, now, cancel);
            }
            changes.Add(InstanceStateChange.Of(instance, before));
        }
        await db.SaveChangesAsync(cancel);
        return new Response(changes);
    }
}
