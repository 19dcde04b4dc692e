using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Roles;

/// <summary>Names the inline policies of a role. IAM API Reference "ListRolePolicies".</summary>
[Operation("iam:ListRolePolicies")]
public sealed class ListRolePolicies(Entities entities, Paging paging)
    : IOperation<ListRolePolicies.Request, ListRolePolicies.Response>
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
        public required IReadOnlyList<string> PolicyNames { get; init; }

        public bool? IsTruncated { get; init; }

        public string? Marker { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        var page = await paging.Read(
            entities.Inline(call.AccountId, PrincipalKind.Role, role.Name), p => p.Name,
            request.MaxItems, request.Marker, call, cancel);
        return new Response
        {
            PolicyNames = [.. page.Rows.Select(p => p.Name)],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
    }
}
