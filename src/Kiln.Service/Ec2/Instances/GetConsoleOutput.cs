using Kiln.Service.Calls;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Persistence;

namespace Kiln.Service.Ec2.Instances;

/// <summary>Gives the end of what an instance has written to its serial console: 64 KiB.</summary>
[Operation("ec2:GetConsoleOutput")]
public sealed class GetConsoleOutput(Db db, IGuest guest, TimeProvider clock)
    : IOperation<GetConsoleOutput.Request, GetConsoleOutput.Response>
{
    public sealed record Request
    {
        public required string InstanceId { get; init; }

        /// <summary>The latest output; Kiln's is always that.</summary>
        public bool? Latest { get; init; }

        public bool? DryRun { get; init; }
    }

    /// <summary>The output in base64.</summary>
    public sealed record Response(string InstanceId, DateTimeOffset Timestamp, string? Output);

    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var instance = await InstanceAccess.Owned(db, request.InstanceId, call, clock.GetUtcNow(), cancel);
        await call.Authorize(InstanceAccess.ArnOf(call, instance.Id));
        var console = await guest.Console(instance, cancel);
        return new Response(instance.Id, console?.At ?? clock.GetUtcNow(),
            console is null ? null : Convert.ToBase64String(console.Text));
    }
}
