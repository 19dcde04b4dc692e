using Kiln.Protocol.Errors;
using Kiln.Service.Calls;
using Kiln.Service.Iam.Policies;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam;

/// <summary>Finds IAM's entities for operations, and keeps the policies of users and roles.</summary>
/// <remarks>Names are unique whatever their case, and found only as they are written, as in IAM.</remarks>
public sealed class Entities(Db db)
{
    /// <summary>Inline policies of one entity together, in characters without white space: IAM's quotas.</summary>
    private const int RoleInlineMax = 10_240, UserInlineMax = 2_048;

    /// <summary>IAM's quotas: a managed policy, a trust policy (the adjustable greatest), attachments.</summary>
    private const int ManagedMax = 6_144, TrustMax = 4_096, AttachmentsMax = 20;

    /// <summary>A role of the caller's account.</summary>
    /// <exception cref="AwsException">NoSuchEntity.</exception>
    public async Task<Role> Role(Call call, string name, CancellationToken cancel) =>
        await db.Roles.FindAsync([call.AccountId, name], cancel) ?? throw IamError.NoRole(name);

    /// <summary>A user of the caller's account.</summary>
    /// <exception cref="AwsException">NoSuchEntity.</exception>
    public async Task<User> User(Call call, string name, CancellationToken cancel) =>
        await db.Users.FindAsync([call.AccountId, name], cancel) ?? throw IamError.NoUser(name);

    /// <summary>An instance profile of the caller's account.</summary>
    /// <exception cref="AwsException">NoSuchEntity.</exception>
    public async Task<InstanceProfile> Profile(Call call, string name, CancellationToken cancel) =>
        await db.InstanceProfiles.FindAsync([call.AccountId, name], cancel)
        ?? throw IamError.NoSuchEntity($"Instance Profile {name} cannot be found.");

    /// <summary>A managed policy that the caller's account may attach: its own, or one of AWS's.</summary>
    /// <exception cref="AwsException">NoSuchEntity.</exception>
    public async Task<ManagedPolicy> Policy(Call call, string arn, CancellationToken cancel)
    {
        if (AwsPolicies.All.TryGetValue(arn, out var known))
            return known;
        return await db.ManagedPolicies.FindAsync([arn], cancel) is { } own && own.AccountId == call.AccountId
            ? own
            : throw IamError.NoSuchEntity($"Policy {arn} does not exist or is not attachable.");
    }

    /// <summary>Checks a trust policy.</summary>
    /// <exception cref="AwsException">MalformedPolicyDocument, LimitExceeded.</exception>
    public async Task CheckTrust(string text, CancellationToken cancel)
    {
        var policy = Parse(text, PolicyKind.Trust);
        if (Length(text) > TrustMax)
            throw IamError.LimitExceeded("ACLSizePerRole", TrustMax);
        if (await Principals.FirstMissing(db, policy, cancel) is { } missing)
            throw IamError.Malformed($"Invalid principal in policy: \"AWS\":\"{missing}\"");
    }

    /// <summary>Checks a managed policy.</summary>
    /// <exception cref="AwsException">MalformedPolicyDocument, LimitExceeded.</exception>
    public static void CheckManaged(string text)
    {
        Parse(text, PolicyKind.Identity);
        if (Length(text) > ManagedMax)
            throw IamError.LimitExceeded("PolicySize", ManagedMax);
    }

    /// <summary>Puts an inline policy on a user or role, replacing one of the same name.</summary>
    /// <exception cref="AwsException">MalformedPolicyDocument, LimitExceeded.</exception>
    public async Task PutInline(
        string accountId, PrincipalKind kind, string owner, string name, string text, CancellationToken cancel)
    {
        Parse(text, PolicyKind.Identity);
        var all = await Inline(accountId, kind, owner).ToListAsync(cancel);
        var most = kind == PrincipalKind.Role ? RoleInlineMax : UserInlineMax;
        if (Length(text) + all.Where(p => p.Name != name).Sum(p => Length(p.Document)) > most)
            throw IamError.LimitExceeded($"{kind}InlinePolicySize", most);
        db.Keep($"inline policies/{accountId}/{kind}/{owner}", async stop =>
            (await Inline(accountId, kind, owner).Select(p => p.Document).ToListAsync(stop)).Sum(Length) <= most);
        if (all.Find(p => p.Name == name) is { } existing)
        {
            existing.Document = text;
            return;
        }
        db.Add(new InlinePolicy
        {
            AccountId = accountId, OwnerKind = kind, OwnerName = owner, Name = name, Document = text,
        });
    }

    /// <summary>An inline policy.</summary>
    /// <exception cref="AwsException">NoSuchEntity.</exception>
    public async Task<InlinePolicy> GetInline(
        string accountId, PrincipalKind kind, string owner, string name, CancellationToken cancel) =>
        await db.InlinePolicies.FindAsync([accountId, kind, owner, name], cancel)
        ?? throw IamError.NoSuchEntity(
            $"The {kind.ToString().ToLowerInvariant()} policy with name {name} cannot be found.");

    /// <summary>The inline policies of a user or role.</summary>
    public IQueryable<InlinePolicy> Inline(string accountId, PrincipalKind kind, string owner) =>
        db.InlinePolicies.Where(p => p.AccountId == accountId && p.OwnerKind == kind && p.OwnerName == owner);

    /// <summary>The attachments of a user or role.</summary>
    public IQueryable<AttachedPolicy> Attached(string accountId, PrincipalKind kind, string owner) =>
        db.AttachedPolicies.Where(p => p.AccountId == accountId && p.OwnerKind == kind && p.OwnerName == owner);

    /// <summary>Attaches a managed policy; attaching it again changes nothing.</summary>
    /// <exception cref="AwsException">LimitExceeded.</exception>
    public async Task Attach(
        string accountId, PrincipalKind kind, string owner, ManagedPolicy policy, CancellationToken cancel)
    {
        if (await db.AttachedPolicies.FindAsync([accountId, kind, owner, policy.Arn], cancel) is not null)
            return;
        await db.Limit($"attached policies/{accountId}/{kind}/{owner}", Attached(accountId, kind, owner),
            AttachmentsMax, more: 1, () => IamError.LimitExceeded($"PoliciesPer{kind}", AttachmentsMax), cancel);
        db.Add(new AttachedPolicy
        {
            AccountId = accountId, OwnerKind = kind, OwnerName = owner, PolicyArn = policy.Arn,
        });
    }

    /// <summary>Detaches a managed policy.</summary>
    /// <exception cref="AwsException">NoSuchEntity.</exception>
    public async Task Detach(
        string accountId, PrincipalKind kind, string owner, string arn, CancellationToken cancel) =>
        db.Remove(await db.AttachedPolicies.FindAsync([accountId, kind, owner, arn], cancel)
            ?? throw IamError.NoSuchEntity($"Policy {arn} was not found."));

    /// <summary>Refuses to delete a user or role that still has policies.</summary>
    /// <exception cref="AwsException">DeleteConflict.</exception>
    public async Task CheckNoPolicies(string accountId, PrincipalKind kind, string owner, CancellationToken cancel)
    {
        if (await Inline(accountId, kind, owner).AnyAsync(cancel))
            throw IamError.DeleteConflict("delete policies");
        if (await Attached(accountId, kind, owner).AnyAsync(cancel))
            throw IamError.DeleteConflict("detach all policies");
    }

    private static PolicyDocument Parse(string text, PolicyKind kind)
    {
        try
        {
            return PolicyDocument.Parse(text, kind);
        }
        catch (PolicyException malformed)
        {
            throw IamError.Malformed(malformed.Message);
        }
    }

    /// <summary>"IAM doesn't count white space when calculating the size of a policy."</summary>
    private static int Length(string text) => text.Count(c => !char.IsWhiteSpace(c));
}
