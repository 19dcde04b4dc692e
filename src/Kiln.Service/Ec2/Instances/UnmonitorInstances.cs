using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Turns detailed monitoring off.</summary>
[Operation("ec2:UnmonitorInstances")]
public sealed class UnmonitorInstances(Db db, TimeProvider clock)
    : IOperation<UnmonitorInstances.Request, UnmonitorInstances.Response>
{
    public sealed record Request
    {
        [Wire("InstanceId"), MaxLength(InstanceAccess.IdsMax)]
        public required IReadOnlyList<string> InstanceIds { get; init; }

        public bool? DryRun { get; init; }
    }

    public sealed record Response(
        [property: Wire("instancesSet")] IReadOnlyList<Entry> InstanceMonitorings);

    /// <summary>An instance and its monitoring.</summary>
    public sealed record Entry(string InstanceId, MonitoringItem Monitoring);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var instances = await InstanceAccess.Owned(db, request.InstanceIds, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnsOf(call, instances));
        foreach (var instance in instances)
            instance.Monitoring = false;
        await db.SaveChangesAsync(cancel);
        return new Response([.. instances.Select(i => new Entry(i.Id, MonitoringItem.Of(i)))]);
    }
}
