using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.InstanceProfiles;

/// <summary>Shows an instance profile. IAM API Reference "GetInstanceProfile".</summary>
[Operation("iam:GetInstanceProfile")]
public sealed class GetInstanceProfile(Db db, Entities entities)
    : IOperation<GetInstanceProfile.Request, GetInstanceProfile.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string InstanceProfileName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required InstanceProfileRecord InstanceProfile { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var profile = await entities.Profile(call, request.InstanceProfileName, cancel);
        await call.Authorize(profile.Arn);
        var role = profile.RoleName is { } name
            ? await db.Roles.FindAsync([call.AccountId, name], cancel)
            : null;
        return new Response { InstanceProfile = InstanceProfileRecord.Of(profile, role) };
    }
}
