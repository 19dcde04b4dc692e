using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Ssm.Commands;

/// <summary>Lists commands, the newest first. Systems Manager API Reference "ListCommands".</summary>
[Operation("ssm:ListCommands")]
public sealed class ListCommands(Db db, Paging paging) : IOperation<ListCommands.Request, ListCommands.Response>
{
    /// <summary>A page: AWS's most.</summary>
    internal const int PageMax = 50;

    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(36, 36)] public string? CommandId { get; init; }

        public string? InstanceId { get; init; }

        [Range(1, PageMax)] public int? MaxResults { get; init; }

        public string? NextToken { get; init; }

        [MaxLength(5)] public IReadOnlyList<CommandFilter> Filters { get; init; } = [];
    }

    /// <summary>A page.</summary>
    public sealed record Response
    {
        public IReadOnlyList<CommandItem> Commands { get; init; } = [];

        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var passes = CommandFilter.OfCommands(request.Filters);
        var rows = db.RunCommands.AsNoTracking().Where(c => c.AccountId == call.AccountId && c.Region == call.Region);
        if (request.CommandId is { } id)
            rows = rows.Where(c => c.Id == id);
        if (request.InstanceId is { } instance)
            rows = rows.Where(c => db.Invocations.Any(i => i.CommandId == c.Id && i.InstanceId == instance));
        var page = await paging.Read(
            rows, c => c.Order, null, request.MaxResults ?? PageMax, request.NextToken, call, cancel);
        List<string> ids = [.. page.Rows.Select(c => c.Id)];
        var invocations = (await db.Invocations.AsNoTracking().Where(i => EF.Parameter(ids).Contains(i.CommandId))
            .ToListAsync(cancel)).ToLookup(i => i.CommandId);
        return new Response
        {
            // A status is that of many rows: a page may come out shorter than asked for, as AWS's may.
            Commands = [.. page.Rows.Select(c => CommandItem.Of(c, [.. invocations[c.Id]])).Where(passes)],
            NextToken = page.NextToken,
        };
    }
}
