using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Gives a picture of a running instance's screen.</summary>
[Operation("ec2:GetConsoleScreenshot")]
public sealed class GetConsoleScreenshot(Db db, IGuest guest, TimeProvider clock)
    : IOperation<GetConsoleScreenshot.Request, GetConsoleScreenshot.Response>
{
    public sealed record Request
    {
        public required string InstanceId { get; init; }

        /// <summary>Acts as a pressed key to wake the screen; Kiln's screens do not sleep.</summary>
        public bool? WakeUp { get; init; }

        public bool? DryRun { get; init; }
    }

    /// <summary>A JPEG in base64.</summary>
    public sealed record Response(string ImageData, string InstanceId);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var instance = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        if (instance.State != InstanceState.Running)
            throw Ec2Error.IncorrectState($"Instance '{instance.Id}' is not 'running': it shows nothing.");
        var picture = await guest.Screenshot(instance, cancel) ?? throw Ec2Error.UnsupportedOperation(
            $"Instance '{instance.Id}' has no screen: no machine runs behind it here (--guests).");
        return new Response(Convert.ToBase64String(picture), instance.Id);
    }
}
