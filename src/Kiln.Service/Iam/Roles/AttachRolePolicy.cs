using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Attaches a managed policy to a role. IAM API Reference "AttachRolePolicy".</summary>
[Operation("iam:AttachRolePolicy")]
public sealed class AttachRolePolicy(Db db, Entities entities)
    : IOperation<AttachRolePolicy.Request, AttachRolePolicy.Response>
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
        var policy = await entities.Policy(call, request.PolicyArn, cancel);
        await entities.Attach(call.AccountId, PrincipalKind.Role, role.Name, policy, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
