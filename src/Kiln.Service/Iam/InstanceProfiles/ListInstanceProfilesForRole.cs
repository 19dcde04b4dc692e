using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.InstanceProfiles;

/// <summary>Lists the instance profiles that hold a role. IAM API Reference "ListInstanceProfilesForRole".</summary>
[Operation("iam:ListInstanceProfilesForRole")]
public sealed class ListInstanceProfilesForRole(Db db, Entities entities, Paging paging)
    : IOperation<ListInstanceProfilesForRole.Request, ListInstanceProfilesForRole.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }

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
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        var page = await paging.Read(
            db.InstanceProfiles.AsNoTracking().Where(p => p.AccountId == call.AccountId && p.RoleName == role.Name),
            p => p.Name, request.MaxItems, request.Marker, call, cancel);
        return new Response
        {
            InstanceProfiles = [.. page.Rows.Select(p => InstanceProfileRecord.Of(p, role))],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
    }
}
