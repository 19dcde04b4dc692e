using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Users;

/// <summary>Shows a user; without a name the caller. IAM API Reference "GetUser".</summary>
[Operation("iam:GetUser")]
public sealed class GetUser(Entities entities) : IOperation<GetUser.Request, GetUser.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public string? UserName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required UserRecord User { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var name = request.UserName ?? call.Caller.UserName
            ?? throw IamError.Invalid("Must specify userName when calling with non-User credentials");
        var user = await entities.User(call, name, cancel);
        await call.Authorize(user.Arn);
        return new Response { User = UserRecord.Of(user) };
    }
}
