using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Ends a command where it has not ended, on all its instances or on those that are named: what is running is
/// asked to end. Systems Manager API Reference "CancelCommand".</summary>
[Operation("ssm:CancelCommand")]
public sealed class CancelCommand(Db db, TimeProvider clock)
    : IOperation<CancelCommand.Request, CancelCommand.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(36, 36)] public required string CommandId { get; init; }

        [MaxLength(SendCommand.NamedMax)] public IReadOnlyList<string> InstanceIds { get; init; } = [];
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        if (!await db.RunCommands.AnyAsync(c => c.Id == request.CommandId && c.AccountId == call.AccountId
            && c.Region == call.Region, cancel))
            throw SsmError.Of("InvalidCommandId", "");
        SendCommand.CheckTwice(request.InstanceIds);
        var invocations = await db.Invocations.Where(i => i.CommandId == request.CommandId).ToListAsync(cancel);
        if (request.InstanceIds.FirstOrDefault(id => !invocations.Exists(i => i.InstanceId == id)) is { } other)
            throw SsmError.InvalidInstanceId(other, call.AccountId);
        var now = clock.GetUtcNow();
        foreach (var invocation in invocations)
        {
            if (!invocation.HasEnded
                && (request.InstanceIds.Count == 0 || request.InstanceIds.Contains(invocation.InstanceId)))
            {
                invocation.CancelledAt ??= now;
                await Work.Work.Want(
                    db, InvocationReconciler.WorkKind, InvocationReconciler.ResourceOf(invocation), now, cancel);
            }
        }
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
