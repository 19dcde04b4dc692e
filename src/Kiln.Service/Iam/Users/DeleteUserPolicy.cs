using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Deletes an inline policy of a user. IAM API Reference "DeleteUserPolicy".</summary>
[Operation("iam:DeleteUserPolicy")]
public sealed class DeleteUserPolicy(Db db, Entities entities)
    : IOperation<DeleteUserPolicy.Request, DeleteUserPolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }

        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string PolicyName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await entities.User(call, request.UserName, cancel);
        await call.Authorize(user.Arn);
        db.Remove(await entities.GetInline(
            call.AccountId, PrincipalKind.User, user.Name, request.PolicyName, cancel));
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
