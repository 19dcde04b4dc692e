using System.ComponentModel.DataAnnotations;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Admin;

/// <summary>Makes an account with a root access key, which is shown this once.</summary>
[Operation("kiln:CreateAccount")]
public sealed class CreateAccount(Db db, Operator only, MasterKey master, TimeProvider clock)
    : IOperation<CreateAccount.Request, CreateAccount.Response>
{
    /// <summary>The request.</summary>
    public sealed record Request
    {
        /// <summary>A name for people; not unique.</summary>
        [Length(1, 128)]
        public required string Name { get; init; }

        /// <summary>12 digits; chosen by the service unless given.</summary>
        public string? AccountId { get; init; }
    }

    /// <summary>The response.</summary>
    public sealed record Response
    {
        /// <summary>12 digits.</summary>
        public required string AccountId { get; init; }

        /// <summary>As in the request.</summary>
        public required string Name { get; init; }

        /// <summary>The root's access key id.</summary>
        public required string AccessKeyId { get; init; }

        /// <summary>Its secret; kept sealed, and never shown again.</summary>
        public required string SecretAccessKey { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        await only.Authorize(call, cancel);
        if (request.AccountId is { } id)
        {
            if (!Ids.IsAccountId(id))
                throw AdminError.Validation($"AccountId is 12 digits, not '{(id.Length > 40 ? id[..40] : id)}'.");
            if (await db.Accounts.AnyAsync(a => a.Id == id, cancel))
                throw AdminError.AccountExists(id);
        }
        var (account, key, secret) = Bootstrap.NewAccount(request.Name, master, clock.GetUtcNow(), request.AccountId);
        db.Add(account);
        db.Add(key);
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            AccountId = account.Id,
            Name = account.Name,
            AccessKeyId = key.Id,
            SecretAccessKey = secret,
        };
    }
}
