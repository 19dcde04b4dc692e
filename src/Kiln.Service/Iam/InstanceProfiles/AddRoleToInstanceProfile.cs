using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.InstanceProfiles;

/// <summary>Puts a role into an instance profile, which holds one. IAM API Reference
/// "AddRoleToInstanceProfile".</summary>
[Operation("iam:AddRoleToInstanceProfile")]
public sealed class AddRoleToInstanceProfile(Db db, Entities entities)
    : IOperation<AddRoleToInstanceProfile.Request, AddRoleToInstanceProfile.Response>
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
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(profile.Arn);
        if (!await call.MayAsync("iam:PassRole", role.Arn))
            throw call.Denied("iam:PassRole", role.Arn);
        if (profile.RoleName is not null)
            throw IamError.LimitExceeded("InstanceSessionsPerInstanceProfile", 1);
        profile.RoleName = role.Name;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
