using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Detaches a managed policy from a role. IAM API Reference "DetachRolePolicy".</summary>
[Operation("iam:DetachRolePolicy")]
public sealed class DetachRolePolicy(Db db, Entities entities)
    : IOperation<DetachRolePolicy.Request, DetachRolePolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }

        [Length(20, 2048)] public required string PolicyArn { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        await entities.Detach(call.AccountId, PrincipalKind.Role, role.Name, request.PolicyArn, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
