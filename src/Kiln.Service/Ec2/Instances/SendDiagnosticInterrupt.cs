using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Sends a running instance a non-maskable interrupt, at which its kernel writes down where it is.</summary>
[Operation("ec2:SendDiagnosticInterrupt")]
public sealed class SendDiagnosticInterrupt(Db db, IGuest guest, TimeProvider clock)
    : IOperation<SendDiagnosticInterrupt.Request, SendDiagnosticInterrupt.Response>
{
    public sealed record Request
    {
        public required string InstanceId { get; init; }

        public bool? DryRun { get; init; }
    }

    public sealed record Response;

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var instance = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        if (instance.State != InstanceState.Running)
            throw Ec2Error.IncorrectState($"Instance '{instance.Id}' is not 'running'.");
        await guest.Interrupt(instance, cancel);
        return new Response();
    }
}
