using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.InstanceProfiles;

/// <summary>Lists the account's instance profiles. IAM API Reference "ListInstanceProfiles".</summary>
[Operation("iam:ListInstanceProfiles")]
public sealed class ListInstanceProfiles(Db db, Paging paging)
    : IOperation<ListInstanceProfiles.Request, ListInstanceProfiles.Response>
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
        public required IReadOnlyList<InstanceProfileRecord> InstanceProfiles { get; init; }

        public bool? IsTruncated { get; init; }

        public string? Marker { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await call.Authorize();
        var prefix = request.PathPrefix ?? "/";
        var page = await paging.Read(
            db.InstanceProfiles.AsNoTracking().Where(p => p.AccountId == call.AccountId && p.Path.StartsWith(prefix)),
            p => p.Name, request.MaxItems, request.Marker, call, cancel);
        var names = page.Rows.Select(p => p.RoleName).ToList();
        var roles = await db.Roles.AsNoTracking()
            .Where(r => r.AccountId == call.AccountId && names.Contains(r.Name)).ToDictionaryAsync(r => r.Name, cancel);
        return new Response
        {
            InstanceProfiles =
                [.. page.Rows.Select(p => InstanceProfileRecord.Of(p, roles.GetValueOrDefault(p.RoleName ?? "")))],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
    }
}
