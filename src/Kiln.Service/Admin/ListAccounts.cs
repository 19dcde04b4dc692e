using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Admin;

/// <summary>The accounts of the installation, by id.</summary>
[Operation("kiln:ListAccounts")]
public sealed class ListAccounts(Db db, Operator only, Paging paging)
    : IOperation<ListAccounts.Request, ListAccounts.Response>
{
    /// <summary>Accounts of a page unless asked otherwise, and at most.</summary>
    public const int ResultsMax = 1000;

    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>1 to 1000.</summary>
        [Range(1, ResultsMax)]
        public int? MaxResults { get; init; }

        /// <summary>Goes on where a page ended.</summary>
        public string? NextToken { get; init; }
    }

    /// <summary>An account.</summary>
    /// <param name="AccountId">12 digits.</param>
    /// <param name="Name">A name for people.</param>
    /// <param name="CreatedAt">When it was made.</param>
    /// <param name="IsOperator">Whether it runs the installation.</param>
    public sealed record Item(string AccountId, string Name, DateTimeOffset CreatedAt, bool IsOperator);

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>The accounts.</summary>
        public required IReadOnlyList<Item> Accounts { get; init; }

        /// <summary>More follows.</summary>
        public string? NextToken { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        var operatorId = await db.Settings.AsNoTracking()
            .Where(s => s.Name == Accounts.Bootstrap.OperatorSetting).Select(s => s.Value).SingleOrDefaultAsync(cancel);
        var page = await paging.Read(
            db.Accounts.AsNoTracking(), a => a.Id, null, request.MaxResults ?? ResultsMax, request.NextToken, call,
                cancel);
        return new Response
        {
            Accounts = [.. page.Rows.Select(a => new Item(a.Id, a.Name, a.CreatedAt, a.Id == operatorId))],
            NextToken = page.NextToken,
        };
    }
}
