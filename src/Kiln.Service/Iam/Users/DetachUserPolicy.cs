using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Detaches a managed policy from a user. IAM API Reference "DetachUserPolicy".</summary>
[Operation("iam:DetachUserPolicy")]
public sealed class DetachUserPolicy(Db db, Entities entities)
    : IOperation<DetachUserPolicy.Request, DetachUserPolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }

        [Length(20, 2048)] public required string PolicyArn { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await entities.User(call, request.UserName, cancel);
        await call.Authorize(user.Arn);
        await entities.Detach(call.AccountId, PrincipalKind.User, user.Name, request.PolicyArn, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
