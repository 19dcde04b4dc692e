using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Ends a command where it has not ended: what is running is asked to end. Systems Manager API Reference
/// "CancelCommand".</summary>
[Operation("ssm:CancelCommand")]
public sealed class CancelCommand(Db db, TimeProvider clock)
    : IOperation<CancelCommand.Request, CancelCommand.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("a command is cancelled on all its instances", "InstanceIds")]
    public sealed record Request
    {
        [Length(36, 36)] public required string CommandId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var command = await db.RunCommands.SingleOrDefaultAsync(c => c.Id == request.CommandId
            && c.AccountId == call.AccountId && c.Region == call.Region, cancel)
            ?? throw SsmError.Of("InvalidCommandId", "");
        var now = clock.GetUtcNow();
        command.CancelledAt ??= now;
        foreach (var invocation in await db.Invocations.Where(i => i.CommandId == command.Id).ToListAsync(cancel))
        {
            if (!invocation.HasEnded)
            {
                await Work.Work.Want(
                    db, InvocationReconciler.WorkKind, InvocationReconciler.ResourceOf(invocation), now, cancel);
            }
        }
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
