using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Roles;

/// <summary>Shows an inline policy of a role, percent-encoded. IAM API Reference "GetRolePolicy".</summary>
[Operation("iam:GetRolePolicy")]
public sealed class GetRolePolicy(Entities entities) : IOperation<GetRolePolicy.Request, GetRolePolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }

        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string PolicyName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required string RoleName { get; init; }

        public required string PolicyName { get; init; }

        public required string PolicyDocument { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        var policy = await entities.GetInline(
            call.AccountId, PrincipalKind.Role, role.Name, request.PolicyName, cancel);
        return new Response
        {
            RoleName = role.Name, PolicyName = policy.Name, PolicyDocument = Uri.EscapeDataString(policy.Document),
        };
    }
}
