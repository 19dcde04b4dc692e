using Kiln.Service.Calls;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Sets sourceDestCheck back to true, which is what can be reset of Kiln's machines.</summary>
[Operation("ec2:ResetInstanceAttribute")]
public sealed class ResetInstanceAttribute(Db db, TimeProvider clock)
    : IOperation<ResetInstanceAttribute.Request, ResetInstanceAttribute.Response>
{
    public sealed record Request
    {
        public required string InstanceId { get; init; }
        public required string Attribute { get; init; }
        public bool? DryRun { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        if (request.Attribute is "kernel" or "ramdisk")
            throw Ec2Error.UnsupportedOperation("A machine keeps the kernel and RAM disk of its launch.");
        if (request.Attribute != "sourceDestCheck")
            throw Ec2Error.InvalidParameterValue(
                Ec2Error.Short(request.Attribute), "attribute", "Only sourceDestCheck can be reset.");
        var instance = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        if (instance.Interface is not { } card)
            throw Ec2Error.IncorrectInstanceState(instance.Id, instance.State.Text(), "modified");
        card.SourceDestCheck = true;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
