using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Attaches a managed policy to a user. IAM API Reference "AttachUserPolicy".</summary>
[Operation("iam:AttachUserPolicy")]
public sealed class AttachUserPolicy(Db db, Entities entities)
    : IOperation<AttachUserPolicy.Request, AttachUserPolicy.Response>
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
        var policy = await entities.Policy(call, request.PolicyArn, cancel);
        await entities.Attach(call.AccountId, PrincipalKind.User, user.Name, policy, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
