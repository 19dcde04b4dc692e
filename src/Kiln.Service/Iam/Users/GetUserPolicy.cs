using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Users;

/// <summary>Shows an inline policy of a user, percent-encoded. IAM API Reference "GetUserPolicy".</summary>
[Operation("iam:GetUserPolicy")]
public sealed class GetUserPolicy(Entities entities) : IOperation<GetUserPolicy.Request, GetUserPolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }

        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string PolicyName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required string UserName { get; init; }

        public required string PolicyName { get; init; }

        public required string PolicyDocument { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await entities.User(call, request.UserName, cancel);
        await call.Authorize(user.Arn);
        var policy = await entities.GetInline(
            call.AccountId, PrincipalKind.User, user.Name, request.PolicyName, cancel);
        return new Response
        {
            UserName = user.Name, PolicyName = policy.Name, PolicyDocument = Uri.EscapeDataString(policy.Document),
        };
    }
}
