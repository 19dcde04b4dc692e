using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.InstanceProfiles;

/// <summary>Takes a role out of an instance profile. IAM API Reference "RemoveRoleFromInstanceProfile".</summary>
[Operation("iam:RemoveRoleFromInstanceProfile")]
public sealed class RemoveRoleFromInstanceProfile(Db db, Entities entities)
    : IOperation<RemoveRoleFromInstanceProfile.Request, RemoveRoleFromInstanceProfile.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string InstanceProfileName { get; init; }

        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var profile = await entities.Profile(call, request.InstanceProfileName, cancel);
        await call.Authorize(profile.Arn);
        if (profile.RoleName != request.RoleName)
            throw IamError.NoRole(request.RoleName);
        profile.RoleName = null;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
