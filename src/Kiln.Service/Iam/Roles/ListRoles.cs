using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Lists the account's roles. IAM API Reference "ListRoles".</summary>
[Operation("iam:ListRoles")]
public sealed class ListRoles(Db db, Paging paging) : IOperation<ListRoles.Request, ListRoles.Response>
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
        public required IReadOnlyList<RoleRecord> Roles { get; init; }

        public bool? IsTruncated { get; init; }

        public string? Marker { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var prefix = request.PathPrefix ?? "/";
        var page = await paging.Read(
            db.Roles.AsNoTracking().Where(r => r.AccountId == call.AccountId && r.Path.StartsWith(prefix)),
            r => r.Name, request.MaxItems, request.Marker, call, cancel);
        return new Response
        {
            Roles = [.. page.Rows.Select(RoleRecord.Of)],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
    }
}
