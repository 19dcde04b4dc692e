using System.ComponentModel.DataAnnotations;
using System.Text;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Makes an access key; its secret is shown this once. IAM API Reference "CreateAccessKey".</summary>
[Operation("iam:CreateAccessKey")]
public sealed class CreateAccessKey(Db db, Entities entities, MasterKey master, TimeProvider clock)
    : IOperation<CreateAccessKey.Request, CreateAccessKey.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public string? UserName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required AccessKeyRecord AccessKey { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await Owner(request, call, cancel);
        var arn = user?.Arn ?? call.Caller.Arn;
        await call.Authorize(arn);
        var name = user?.Name;
        var others = db.AccessKeys.Where(k => k.AccountId == call.AccountId && k.UserName == name
            && k.RoleName == null && k.SessionTokenDigest == null);
        await db.Limit($"access keys/{arn}", others, PerUserMax, more: 1,
            () => IamError.LimitExceeded("AccessKeysPerUser", PerUserMax), cancel);
        var secret = Ids.Secret();
        var id = Ids.AccessKeyId("AKIA");
        var key = new AccessKey
        {
            Id = id,
            AccountId = call.AccountId,
            SealedSecret = master.Seal(Encoding.UTF8.GetBytes(secret), id),
            PrincipalArn = arn,
            PrincipalId = user?.Id ?? call.AccountId,
            UserName = name,
            CreatedAt = clock.GetUtcNow(),
        };
        db.Add(key);
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            AccessKey = new AccessKeyRecord
            {
                UserName = name ?? call.AccountId,
                AccessKeyId = id,
                Status = StatusType.Active,
                SecretAccessKey = secret,
                CreateDate = key.CreatedAt,
            },
        };
    }

    /// <summary>IAM's quota: one to use, one to change to.</summary>
    private const int PerUserMax = 2;

    /// <summary>The user meant: the one named, else the caller; null for the account's root.</summary>
    private async Task<User?> Owner(Request request, Call call, CancellationToken cancel)
    {
        if ((request.UserName ?? call.Caller.UserName) is { } name)
            return await entities.User(call, name, cancel);
        return call.Caller.IsRoot ? null
            : throw IamError.Invalid("Must specify userName when calling with non-User credentials");
    }
}
