using System.ComponentModel.DataAnnotations;
using Kiln.Protocol.Errors;
using Kiln.Protocol.Shapes;
using Kiln.Service.Calls;
using Kiln.Service.Iam;
using Kiln.Service.Iam.Policies;
using Kiln.Service.Persistence;

namespace Kiln.Service.Sts;

/// <summary>Gives keys for a session of a role, in this account or another. STS API Reference "AssumeRole".</summary>
/// <remarks>
/// The role's trust policy has to allow it, and the caller's own policies too, unless the trust policy names a
/// principal of the role's own account itself. Unlike AWS, an account's root may assume roles: the first credentials
/// of an installation are a root's.
/// </remarks>
[Operation("sts:AssumeRole")]
public sealed class AssumeRole(Db db, Authorization authorization, Sessions sessions)
    : IOperation<AssumeRole.Request, AssumeRole.Response>
{
    /// <summary>Where none are asked for; also the most for a role that was itself assumed by a session.</summary>
    private const int DefaultSeconds = 3600;

    /// <summary>The longest session policy, in characters: STS's quota.</summary>
    private const int PolicyMax = 2048;

    /// <summary>The parameters.</summary>
    [Unsupported("Kiln has neither session tags, source identities, trusted contexts nor MFA devices",
        "Tags", "TransitiveTagKeys", "SourceIdentity", "ProvidedContexts", "SerialNumber", "TokenCode")]
    [Unsupported("give the session's policy as Policy", "PolicyArns")]
    public sealed record Request
    {
        [Length(20, 2048)] public required string RoleArn { get; init; }

        [Length(2, 64), RegularExpression(@"[\w+=,.@-]*")] public required string RoleSessionName { get; init; }

        [MinLength(1), RegularExpression(@"[\u0009\u000A\u000D\u0020-\u00FF]+")] public string? Policy { get; init; }

        [Range(900, 43200)] public int? DurationSeconds { get; init; }

        [Length(2, 1224), RegularExpression(@"[\w+=,.@:\/-]*")] public string? ExternalId { get; init; }
    }

    /// <summary>The answer.</summary>
    public sealed record Response
    {
        public SessionCredentials? Credentials { get; init; }

        public AssumedRoleUser? AssumedRoleUser { get; init; }

        public int? PackedPolicySize { get; init; }
    }

    /// <inheritdoc/>
    public async Task<Response> Handle(Request request, Call call, CancellationToken cancel)
    {
        var packed = CheckPolicy(request.Policy);
        var role = await Find(request.RoleArn, cancel);
        // A role that is not there and one that may not be assumed look the same from outside.
        if (role is null || !await MayAssume(role, request, call))
            throw call.Denied(call.Action, request.RoleArn);
        var seconds = request.DurationSeconds ?? DefaultSeconds;
        if (seconds > role.SessionSecondsMax)
        {
            throw StsError.Invalid(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
        }
        if (call.Caller.RoleName is not null && seconds > DefaultSeconds)
        {
            throw StsError.Invalid(
                "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.");
        }

        var credentials = sessions.OfRole(role, request.RoleSessionName, seconds, request.Policy);
        await db.SaveChangesAsync(cancel);
        return new Response
        {
            Credentials = credentials,
            AssumedRoleUser = Sessions.UserOf(role, request.RoleSessionName),
            PackedPolicySize = packed,
        };
    }

    private static int? CheckPolicy(string? policy)
    {
        if (policy is null)
            return null;
        if (policy.Length > PolicyMax)
            throw StsError.TooLarge((int)(policy.Length * 100L / PolicyMax));
        try
        {
            PolicyDocument.Parse(policy, PolicyKind.Identity);
        }
        catch (PolicyException malformed)
        {
            throw StsError.Malformed(malformed.Message);
        }
        return Math.Max(1, policy.Length * 100 / PolicyMax);
    }

    private async Task<Role?> Find(string arn, CancellationToken cancel)
    {
        if (arn.Split(':', 6) is not ["arn", "aws", "iam", "", var account, var resource]
            || !resource.StartsWith("role/", StringComparison.Ordinal))
            throw StsError.Invalid($"{arn} is invalid");
        var name = resource[(resource.LastIndexOf('/') + 1)..];
        var role = await db.Roles.FindAsync([account, name], cancel);
        return role?.Arn == arn ? role : null;
    }

    private async Task<bool> MayAssume(Role role, Request request, Call call)
    {
        var context = (await authorization.ContextOf(call.Caller, call.Region, call))
            .Set("sts:RoleSessionName", request.RoleSessionName)
            .Set("aws:ResourceAccount", role.AccountId);
        if (request.ExternalId is { } externalId)
            context.Set("sts:ExternalId", externalId);
        var asked = new PolicyRequest
        {
            Action = call.Action,
            Resource = role.Arn,
            Principal = await authorization.PrincipalOf(call.Caller),
            Context = context,
        };
        var trust = PolicyDocument.Parse(role.TrustPolicy, PolicyKind.Trust).Decide(asked);
        if (trust is Decision.Silent or Decision.Denied)
            return false;
        var own = trust == Decision.Allowed && role.AccountId == call.AccountId
            ? await authorization.Narrow(call.Caller, asked, trust)
            : await authorization.Decide(call.Caller, asked);
        return own == Decision.Allowed;
    }
}
