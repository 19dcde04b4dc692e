using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Lists commands by instance, the newest first. Systems Manager API Reference
/// "ListCommandInvocations".</summary>
[Operation("ssm:ListCommandInvocations")]
public sealed class ListCommandInvocations(Db db, Paging paging)
    : IOperation<ListCommandInvocations.Request, ListCommandInvocations.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(36, 36)] public string? CommandId { get; init; }

        public string? InstanceId { get; init; }

        [Range(1, ListCommands.PageMax)] public int? MaxResults { get; init; }

        public string? NextToken { get; init; }

        [MaxLength(5)] public IReadOnlyList<CommandFilter> Filters { get; init; } = [];

        public bool? Details { get; init; }
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        public IReadOnlyList<CommandInvocationItem> CommandInvocations { get; init; } = [];

        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var passes = CommandFilter.OfInvocations(request.Filters);
        var rows = db.Invocations.AsNoTracking().Where(i => i.AccountId == call.AccountId && i.Region == call.Region);
        if (request.CommandId is { } id)
            rows = rows.Where(i => i.CommandId == id);
        if (request.InstanceId is { } instance)
            rows = rows.Where(i => i.InstanceId == instance);
        var page = await paging.Read(rows, i => i.Order, null, request.MaxResults ?? ListCommands.PageMax,
            request.NextToken, call, cancel);
        List<string> ids = [.. page.Rows.Select(i => i.CommandId).Distinct()];
        var commands = await db.RunCommands.AsNoTracking().Where(c => EF.Parameter(ids).Contains(c.Id))
            .ToDictionaryAsync(c => c.Id, cancel);
        return new Response
        {
            CommandInvocations =
            [
                // Between the two readings a command may have been forgotten.
                .. page.Rows.Where(i => commands.ContainsKey(i.CommandId))
                    .Select(i => CommandInvocationItem.Of(commands[i.CommandId], i, request.Details == true))
                    .Where(passes),
            ],
            NextToken = page.NextToken,
        };
    }
}
