using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Deletes an inline policy of a role. IAM API Reference "DeleteRolePolicy".</summary>
[Operation("iam:DeleteRolePolicy")]
public sealed class DeleteRolePolicy(Db db, Entities entities)
    : IOperation<DeleteRolePolicy.Request, DeleteRolePolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }

        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string PolicyName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        db.Remove(await entities.GetInline(
            call.AccountId, PrincipalKind.Role, role.Name, request.PolicyName, cancel));
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
