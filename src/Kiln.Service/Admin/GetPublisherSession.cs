using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Kiln.Service.Sts;

namespace Kiln.Service.Admin;

/// <summary>
/// Gives the operator an hour as the root of the account that owns the starter images, and makes the account with the
/// first. What is published is then published by AWS's own operations.
/// </summary>
[Operation("kiln:GetPublisherSession")]
public sealed class GetPublisherSession(Db db, Operator only, Sessions sessions, TimeProvider clock)
    : IOperation<GetPublisherSession.Request, GetPublisherSession.Response>
{
    /// <summary>Longer than a build and an upload over a slow line.</summary>
    private const int Seconds = 3600;

    /// <summary>The request.</summary>
    public sealed record Request;

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>The account's id.</summary>
        public required string AccountId { get; init; }

        /// <summary>The access key id.</summary>
        public required string AccessKeyId { get; init; }

        /// <summary>The secret access key.</summary>
        public required string SecretAccessKey { get; init; }

        /// <summary>The session token.</summary>
        public required string SessionToken { get; init; }

        /// <summary>The service's time, which dates of images go by.</summary>
        public required DateTimeOffset Time { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        if (await db.Accounts.FindAsync([Publisher.AccountId], cancel) is null)
        {
            db.Add(new Account
            {
                Id = Publisher.AccountId, Name = Publisher.Alias, CreatedAt = clock.GetUtcNow(),
            });
        }
        var keys = sessions.OfRoot(Publisher.AccountId, Seconds);
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            AccountId = Publisher.AccountId,
            AccessKeyId = keys.AccessKeyId!,
            SecretAccessKey = keys.SecretAccessKey!,
            SessionToken = keys.SessionToken!,
            Time = clock.GetUtcNow(),
        };
    }
}
