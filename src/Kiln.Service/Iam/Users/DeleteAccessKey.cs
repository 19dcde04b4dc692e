using System.ComponentModel.DataAnnotations;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Deletes an access key. IAM API Reference "DeleteAccessKey".</summary>
[Operation("iam:DeleteAccessKey")]
public sealed class DeleteAccessKey(Db db, Entities entities, Credentials credentials)
    : IOperation<DeleteAccessKey.Request, DeleteAccessKey.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(16, 128), RegularExpression(@"[\w]+")] public required string AccessKeyId { get; init; }

        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public string? UserName { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response;

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await Owner(request, call, cancel);
        await call.Authorize(user?.Arn ?? call.Caller.Arn);
        var key = await db.AccessKeys.FindAsync([request.AccessKeyId], cancel);
        if (key is null || key.AccountId != call.AccountId || key.UserName != user?.Name
            || key.RoleName is not null || key.SessionTokenDigest is not null)
            throw IamError.NoSuchEntity($"The Access Key with id {request.AccessKeyId} cannot be found.");
        db.Remove(key);
        await db.SaveChangesAsync(cancel);
        credentials.Forget(key.Id);
        return new Response();
    }

    /// <summary>The user meant: the one named, else the caller; null for the account's root.</summary>
    private async Task<User?> Owner(Request request, Call call, CancellationToken cancel)
    {
        if ((request.UserName ?? call.Caller.UserName) is { } name)
            return await entities.User(call, name, cancel);
        return call.Caller.IsRoot ? null
            : throw IamError.Invalid("Must specify userName when calling with non-User credentials");
    }
}
