using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Users;

/// <summary>Names the inline policies of a user. IAM API Reference "ListUserPolicies".</summary>
[Operation("iam:ListUserPolicies")]
public sealed class ListUserPolicies(Entities entities, Paging paging)
    : IOperation<ListUserPolicies.Request, ListUserPolicies.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }

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
        var user = await entities.User(call, request.UserName, cancel);
        await call.Authorize(user.Arn);
        var page = await paging.Read(
            entities.Inline(call.AccountId, PrincipalKind.User, user.Name), p => p.Name,
            request.MaxItems, request.Marker, call, cancel);
        return new Response
        {
            PolicyNames = [.. page.Rows.Select(p => p.Name)],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
    }
}
