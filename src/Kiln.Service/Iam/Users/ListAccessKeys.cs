using System.ComponentModel.DataAnnotations;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam.Users;

/// <summary>Lists the access keys of a user. IAM API Reference "ListAccessKeys".</summary>
[Operation("iam:ListAccessKeys")]
public sealed class ListAccessKeys(Db db, Entities entities, Paging paging)
    : IOperation<ListAccessKeys.Request, ListAccessKeys.Response>
{
    /// <summary>The parameters.</summary>
    public sealed record Request
    {
        [Length(1, 128), RegularExpression(@"[\w+=,.@-]+")] public string? UserName { get; init; }

        [Length(1, 2048), RegularExpression(@"[\u0020-\u00FF]+")] public string? Marker { get; init; }

        [Range(1, 1000)] public int? MaxItems { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public required IReadOnlyList<AccessKeyMetadata> AccessKeyMetadata { get; init; }

        public bool? IsTruncated { get; init; }

        public string? Marker { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var user = await Owner(request, call, cancel);
        await call.Authorize(user?.Arn ?? call.Caller.Arn);
        var name = user?.Name;
        var page = await paging.Read(
            db.AccessKeys.AsNoTracking().Where(k => k.AccountId == call.AccountId && k.UserName == name
                && k.RoleName == null && k.SessionTokenDigest == null),
            k => k.Id, request.MaxItems, request.Marker, call, cancel);
        return new Response
        {
            AccessKeyMetadata =
            [
                .. page.Rows.Select(k => new AccessKeyMetadata
                {
                    UserName = name, AccessKeyId = k.Id, Status = StatusType.Active, CreateDate = k.CreatedAt,
                }),
            ],
            IsTruncated = page.NextToken is not null,
            Marker = page.NextToken,
        };
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
