using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Deletes a user without policies and access keys. IAM API Reference "DeleteUser".</summary>
[Operation("iam:DeleteUser")]
public sealed class DeleteUser(Db db, Entities entities) : IOperation<DeleteUser.Request, DeleteUser.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await entities.User(call, request.UserName, cancel);
        await call.Authorize(user.Arn);
        if (await db.AccessKeys.AnyAsync(
            k => k.AccountId == call.AccountId && k.UserName == user.Name && k.SessionTokenDigest == null, cancel))
            throw IamError.DeleteConflict("delete access keys");
        await entities.CheckNoPolicies(call.AccountId, PrincipalKind.User, user.Name, cancel);
        db.Remove(user);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
