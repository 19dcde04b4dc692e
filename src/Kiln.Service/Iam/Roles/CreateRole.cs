using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Roles;

/// <summary>Makes a role. IAM API Reference "CreateRole".</summary>
[Operation("iam:CreateRole")]
public sealed class CreateRole(Db db, Entities entities, TimeProvider clock)
    : IOperation<CreateRole.Request, CreateRole.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has no permissions boundaries", "PermissionsBoundary")]
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string RoleName { get; init; }

        [Length(1, 512), RegularExpression(@"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)")]
        public string? Path { get; init; }

        [Length(1, 131072), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")]
        public required string AssumeRolePolicyDocument { get; init; }

        [MaxLength(1000)] public string? Description { get; init; }

        [Range(3600, 43200)] public int? MaxSessionDuration { get; init; }

        [MaxLength(50)] public IReadOnlyList<Tag> Tags { get; init; } = [];
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required RoleRecord Role { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var role = new Role
        {
            AccountId = call.AccountId,
            Name = request.RoleName,
            LowerName = request.RoleName.ToLowerInvariant(),
            Id = Ids.Principal("AROA"),
            Path = request.Path ?? "/",
            TrustPolicy = request.AssumeRolePolicyDocument,
            Description = request.Description ?? "",
            SessionSecondsMax = request.MaxSessionDuration ?? 3600,
            CreateDate = clock.GetUtcNow(),
            Tags = Tag.Read(request.Tags),
        };
        await call.Authorize(role.Arn);
        await entities.CheckTrust(role.TrustPolicy, cancel);
        if (await db.Roles.AnyAsync(r => r.AccountId == call.AccountId && r.LowerName == role.LowerName, cancel))
            throw IamError.AlreadyExists($"Role with name {role.Name} already exists.");
        db.Add(role);
        await db.SaveChangesAsync(cancel);
        return new Response { Role = RoleRecord.Of(role) };
    }
}
