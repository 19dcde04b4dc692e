using System.Globalization;
using Kiln.Service.Calls;
using Kiln.Service.Iam.Policies;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Iam;

/// <summary>Decides what a principal may do. IAM User Guide, "Policy evaluation logic".</summary>
/// <remarks>
/// An explicit denial outweighs all; a session's own policy narrows what its principal may. An account's root is not
/// limited. Policies are read once a call: an instance lives as long as the call does.
/// </remarks>
public sealed class Authorization(Db db, TimeProvider clock)
{
    private readonly Dictionary<Caller, Identity> _identities = [];

    /// <summary>The first resource that no policy allows, or that one denies explicitly; null where there is none.
    /// </summary>
    public async Task<(string Resource, bool IsExplicit)?> FirstDenied(
        Caller caller, string action, IReadOnlyList<string> resources, Call call)
    {
        foreach (var resource in resources)
        {
            var context = await ContextOf(caller, call.Region, call);
            if (call.ContextOf(resource) is { } own)
                context.Add(own);
            var request = new PolicyRequest
            {
                Action = action, Resource = resource, Principal = await PrincipalOf(caller), Context = context,
            };
            if (await Decide(caller, request) is var decision and not Decision.Allowed)
                return (resource, decision == Decision.Denied);
        }
        return null;
    }

    /// <summary>What the caller's own policies say; a root is allowed all.</summary>
    public async Task<Decision> Decide(Caller caller, PolicyRequest request)
    {
        if (caller.IsRoot)
            return Decision.Allowed;
        var identity = await Find(caller);
        var decision = PolicyDocument.Decide(identity.Policies, request);
        return decision == Decision.Denied ? decision : Narrowed(identity, request, decision);
    }

    /// <summary>What remains of an allowance from elsewhere, such as a resource's policy, to this caller.</summary>
    public async Task<Decision> Narrow(Caller caller, PolicyRequest request, Decision allowance)
    {
        if (caller.IsRoot)
            return allowance;
        var identity = await Find(caller);
        return PolicyDocument.Decide(identity.Policies, request) == Decision.Denied
            ? Decision.Denied
            : Narrowed(identity, request, allowance);
    }

    /// <summary>The caller as policies name it.</summary>
    public async Task<PolicyPrincipal> PrincipalOf(Caller caller) => caller.IsRoot
        ? new PolicyPrincipal(caller.AccountId, $"arn:aws:iam::{caller.AccountId}:root")
        : (await Find(caller)).Principal;

    /// <summary>The condition keys that every request has, and those that the operation has set.</summary>
    public async Task<PolicyContext> ContextOf(Caller caller, string region, Call? call)
    {
        var now = clock.GetUtcNow();
        var principal = await PrincipalOf(caller);
        var context = new PolicyContext()
            .Set("aws:PrincipalAccount", caller.AccountId)
            .Set("aws:PrincipalArn", principal.Arn)
            .Set("aws:PrincipalType", caller.IsRoot ? "Account" : caller.RoleName is null ? "User" : "AssumedRole")
            .Set("aws:userid", caller.UserId)
            .Set("aws:RequestedRegion", region)
            .Set("ec2:Region", region)
            .Set("aws:CurrentTime", now.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture))
            .Set("aws:EpochTime", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        if (caller.UserName is { } user)
            context.Set("aws:username", user);
        if (call is { SourceAddress.Length: > 0 })
            context.Set("aws:SourceIp", call.SourceAddress);
        if (!caller.IsRoot)
        {
            foreach (var (key, value) in (await Find(caller)).Tags)
                context.Set($"aws:PrincipalTag/{key}", value);
        }
        if (call is not null)
            context.Add(call.Context);
        return context;
    }

    private static Decision Narrowed(Identity identity, PolicyRequest request, Decision decision)
    {
        if (identity.Session is null || decision is Decision.Silent or Decision.Denied)
            return decision;
        return identity.Session.Decide(request) switch
        {
            Decision.Allowed => decision,
            Decision.Denied => Decision.Denied,
            _ => Decision.Silent,
        };
    }

    private async Task<Identity> Find(Caller caller)
    {
        if (_identities.TryGetValue(caller, out var known))
            return known;
        var identity = caller.RoleName is { } role
            ? await OfRole(caller, role)
            : await OfUser(caller, caller.UserName!);
        if (caller.SessionPolicy is { } session)
            identity = identity with { Session = PolicyDocument.Parse(session, PolicyKind.Identity) };
        return _identities[caller] = identity;
    }

    private async Task<Identity> OfRole(Caller caller, string name)
    {
        var role = await db.Roles.AsNoTracking()
            .SingleOrDefaultAsync(r => r.AccountId == caller.AccountId && r.Name == name);
        // A session does not pass to a later role of the same name.
        if (role is null || !caller.UserId.StartsWith(role.Id + ":", StringComparison.Ordinal))
        {
            var arn = Arn.Role(caller.AccountId, "/", name);
            return new Identity(new PolicyPrincipal(caller.AccountId, arn, caller.Arn), [], None);
        }
        return new Identity(new PolicyPrincipal(caller.AccountId, role.Arn, caller.Arn),
            await Policies(caller.AccountId, PrincipalKind.Role, name), role.Tags);
    }

    private async Task<Identity> OfUser(Caller caller, string name)
    {
        var user = await db.Users.AsNoTracking()
            .SingleOrDefaultAsync(u => u.AccountId == caller.AccountId && u.Name == name);
        if (user is null || caller.UserId != user.Id)
            return new Identity(new PolicyPrincipal(caller.AccountId, caller.Arn), [], None);
        return new Identity(new PolicyPrincipal(caller.AccountId, user.Arn),
            await Policies(caller.AccountId, PrincipalKind.User, name), user.Tags);
    }

    private async Task<List<PolicyDocument>> Policies(string accountId, PrincipalKind kind, string name)
    {
        var texts = await db.InlinePolicies.AsNoTracking()
            .Where(p => p.AccountId == accountId && p.OwnerKind == kind && p.OwnerName == name)
            .Select(p => p.Document).ToListAsync();
        var arns = await db.AttachedPolicies.AsNoTracking()
            .Where(p => p.AccountId == accountId && p.OwnerKind == kind && p.OwnerName == name)
            .Select(p => p.PolicyArn).ToListAsync();
        texts.AddRange(arns.Where(AwsPolicies.All.ContainsKey).Select(arn => AwsPolicies.All[arn].Document));
        texts.AddRange(await db.ManagedPolicies.AsNoTracking()
            .Where(p => arns.Contains(p.Arn)).Select(p => p.Document).ToListAsync());
        return [.. texts.Select(text => PolicyDocument.Parse(text, PolicyKind.Identity))];
    }

    private static readonly IReadOnlyDictionary<string, string> None = new Dictionary<string, string>();

    private sealed record Identity(
        PolicyPrincipal Principal, IReadOnlyList<PolicyDocument> Policies, IReadOnlyDictionary<string, string> Tags)
    {
        public PolicyDocument? Session { get; init; }
    }
}
