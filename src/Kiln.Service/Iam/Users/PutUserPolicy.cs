using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Puts an inline policy on a user. IAM API Reference "PutUserPolicy".</summary>
[Operation("iam:PutUserPolicy")]
public sealed class PutUserPolicy(Db db, Entities entities) : IOperation<PutUserPolicy.Request, PutUserPolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }

        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string PolicyName { get; init; }

        [Length(1, 131072), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")]
        public required string PolicyDocument { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await entities.User(call, request.UserName, cancel);
        await call.Authorize(user.Arn);
        await entities.PutInline(
            call.AccountId, PrincipalKind.User, user.Name, request.PolicyName, request.PolicyDocument, cancel);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
