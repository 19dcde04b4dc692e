using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Deletes a role without policies, which no instance profile holds. IAM API Reference "DeleteRole".</summary>
[Operation("iam:DeleteRole")]
public sealed class DeleteRole(Db db, Entities entities) : IOperation<DeleteRole.Request, DeleteRole.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        if (await db.InstanceProfiles.AnyAsync(p => p.AccountId == call.AccountId && p.RoleName == role.Name, cancel))
            throw IamError.DeleteConflict("remove roles from instance profile");
        await entities.CheckNoPolicies(call.AccountId, PrincipalKind.Role, role.Name, cancel);
        db.Remove(role);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
