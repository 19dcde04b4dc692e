using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Changes a role's description and longest session. IAM API Reference "UpdateRole".</summary>
[Operation("iam:UpdateRole")]
public sealed class UpdateRole(Db db, Entities entities) : IOperation<UpdateRole.Request, UpdateRole.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }

        [MaxLength(1000)] public string? Description { get; init; }

        [Range(3600, 43200)] public int? MaxSessionDuration { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = await entities.Role(call, request.RoleName, cancel);
        await call.Authorize(role.Arn);
        role.Description = request.Description ?? role.Description;
        role.SessionSecondsMax = request.MaxSessionDuration ?? role.SessionSecondsMax;
        await db.SaveChangesAsync(cancel);
        return new Response();
    }
}
