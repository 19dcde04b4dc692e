using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Lists the account's users. IAM API Reference "ListUsers".</summary>
[Operation("iam:ListUsers")]
public sealed class ListUsers(Db db, Paging paging) : IOperation<ListUsers.Request, ListUsers.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 512), RegularExpression(@"\u002F[\u0021-\u007F]*")] public string? PathPrefix { get; init; }

        [Length(1, 2048), RegularExpression(@"[\u0020-\u00FF]+")] public string? Marker { get; init; }

        [Range(1, 1000)] public int? MaxItems { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required IReadOnlyList<UserRecord> Users { get; init; }

        public bool? IsTruncated { get; init; }

        public string? Marker { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var prefix = request.PathPrefix ?? "/";
        var page = await paging.Read(
            db.Users.AsNoTracking().Where(r => r.AccountId == call.AccountId && r.Path.StartsWith(prefix)),
            r => r.Name, request.MaxItems, request.Marker, call, cancel);
        return new Response
        {
            Users = [.. page.Rows.Select(UserRecord.Of)],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
    }
}
