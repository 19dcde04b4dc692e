using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Users;

/// <summary>Lists the managed policies of a user. IAM API Reference "ListAttachedUserPolicies".</summary>
[Operation("iam:ListAttachedUserPolicies")]
public sealed class ListAttachedUserPolicies(Entities entities, Paging paging)
    : IOperation<ListAttachedUserPolicies.Request, ListAttachedUserPolicies.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }

        [Length(1, 512), RegularExpression(@"\u002F[\u0021-\u007F]*")] public string? PathPrefix { get; init; }

        [Length(1, 2048), RegularExpression(@"[\u0020-\u00FF]+")] public string? Marker { get; init; }

        [Range(1, 1000)] public int? MaxItems { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public IReadOnlyList<AttachedPolicyRecord> AttachedPolicies { get; init; } = [];

        public bool? IsTruncated { get; init; }

        public string? Marker { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await entities.User(call, request.UserName, cancel);
        await call.Authorize(user.Arn);
        // The path stands in the ARN: arn:aws:iam::ACCOUNT:policy/path/name.
        var prefix = ":policy" + (request.PathPrefix ?? "/");
        var page = await paging.Read(
            entities.Attached(call.AccountId, PrincipalKind.User, user.Name).Where(p => p.PolicyArn.Contains(prefix)),
            p => p.PolicyArn, request.MaxItems, request.Marker, call, cancel);
        return new Response
        {
            AttachedPolicies =
            [
                .. page.Rows.Select(p =>
                    new AttachedPolicyRecord(p.PolicyArn[(p.PolicyArn.LastIndexOf('/') + 1)..], p.PolicyArn)),
            ],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
    }
}
