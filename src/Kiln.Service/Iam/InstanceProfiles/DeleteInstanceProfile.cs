using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.InstanceProfiles;

/// <summary>Deletes an instance profile that holds no role. IAM API Reference "DeleteInstanceProfile".</summary>
[Operation("iam:DeleteInstanceProfile")]
public sealed class DeleteInstanceProfile(Db db, Entities entities)
    : IOperation<DeleteInstanceProfile.Request, DeleteInstanceProfile.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public required string InstanceProfileName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var profile = await entities.Profile(call, request.InstanceProfileName, cancel);
        await call.Authorize(profile.Arn);
        if (profile.RoleName is not null)
            throw IamError.DeleteConflict("remove roles from instance profile");
        db.Remove(profile);
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
