using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Changes who may assume a role. IAM API Reference "UpdateAssumeRolePolicy".</summary>
[Operation("iam:UpdateAssumeRolePolicy")]
public sealed class UpdateAssumeRolePolicy(Db db, Entities entities)
    : IOperation<UpdateAssumeRolePolicy.Request, UpdateAssumeRolePolicy.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }

        [Length(1, 131072), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")]
        public required string PolicyDocument { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        await entities.CheckTrust(request.PolicyDocument, cancel);
        role.TrustPolicy = request.PolicyDocument;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
