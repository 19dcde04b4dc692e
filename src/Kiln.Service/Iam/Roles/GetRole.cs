using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;

namespace Kiln.Service.Iam.Roles;

/// <summary>Shows a role. IAM API Reference "GetRole".</summary>
[Operation("iam:GetRole")]
public sealed class GetRole(Entities entities) : IOperation<GetRole.Request, GetRole.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required RoleRecord Role { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        return new Response { Role = RoleRecord.Of(role) };
    }
}
