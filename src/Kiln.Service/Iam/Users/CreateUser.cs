using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Makes a user. IAM API Reference "CreateUser".</summary>
[Operation("iam:CreateUser")]
public sealed class CreateUser(Db db, TimeProvider clock) : IOperation<CreateUser.Request, CreateUser.Response>
{
    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has no permissions boundaries", "PermissionsBoundary")]
    public sealed record Request
    {
        [Length(1, 64), RegularExpression(@"[\w+=,.@-]+")] public required string UserName { get; init; }

        [Length(1, 512), RegularExpression(@"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)")]
        public string? Path { get; init; }

        [MaxLength(50)] public IReadOnlyList<Tag> Tags { get; init; } = [];
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required UserRecord User { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = new User
        {
            AccountId = call.AccountId,
            Name = request.UserName,
            LowerName = request.UserName.ToLowerInvariant(),
            Id = Ids.Principal("AIDA"),
            Path = request.Path ?? "/",
            CreateDate = clock.GetUtcNow(),
            Tags = Tag.Read(request.Tags),
        };
        await call.Authorize(user.Arn);
        if (await db.Users.AnyAsync(u => u.AccountId == call.AccountId && u.LowerName == user.LowerName, cancel))
            throw IamError.AlreadyExists($"User with name {user.Name} already exists.");
        db.Add(user);
        await db.SaveChangesAsync(cancel);
        return new Response { User = UserRecord.Of(user) };
    }
}
