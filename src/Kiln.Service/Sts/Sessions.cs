using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Iam;
using Kiln.Service.Persistence;

namespace Kiln.Service.Sts;

/// <summary>Makes temporary access keys: rows that end, and work that removes them.</summary>
public sealed class Sessions(Db db, MasterKey master, TimeProvider clock)
{
    /// <summary>An ended key is kept for a day, so that its use is told as expired rather than unknown.</summary>
    internal static readonly TimeSpan KeptFor = TimeSpan.FromDays(1);

    /// <summary>Keys for a role's session, added to the caller's context and saved with it.</summary>
    /// <param name="role">The role.</param>
    /// <param name="sessionName">The name that the session's ARN ends with.</param>
    /// <param name="seconds">How long they hold.</param>
    /// <param name="sessionPolicy">A policy that narrows the session, or null.</param>
    public SessionCredentials OfRole(Role role, string sessionName, int seconds, string? sessionPolicy = null)
    {
        var user = UserOf(role, sessionName);
        return Make(role.AccountId, user.Arn, user.AssumedRoleId, role.Name, null, sessionPolicy, seconds);
    }

    /// <summary>Keys for a user, or for an account's root, with the same rights.</summary>
    public SessionCredentials OfCaller(Caller caller, int seconds) =>
        Make(caller.AccountId, caller.Arn, caller.UserId, null, caller.UserName, caller.SessionPolicy, seconds);

    /// <summary>Keys for an account's root.</summary>
    public SessionCredentials OfRoot(string accountId, int seconds) =>
        Make(accountId, $"arn:aws:iam::{accountId}:root", accountId, null, null, null, seconds);

    /// <summary>Keys for an instance's own identity, which no policy gives any right.</summary>
    public SessionCredentials OfInstance(string accountId, string instanceId, int seconds)
    {
        // As EC2 names it. No role can have this name, so no policies are found for it.
        const string role = "aws:ec2-instance";
        return Make(accountId, $"arn:aws:sts::{accountId}:assumed-role/{role}/{instanceId}", $"{role}:{instanceId}",
            role, null, null, seconds);
    }

    /// <summary>How a session of a role is named.</summary>
    public static AssumedRoleUser UserOf(Role role, string sessionName) => new(
        $"{role.Id}:{sessionName}", $"arn:aws:sts::{role.AccountId}:assumed-role/{role.Name}/{sessionName}");

    private SessionCredentials Make(
        string accountId, string arn, string principalId, string? roleName, string? userName, string? sessionPolicy,
        int seconds)
    {
        var (id, secret) = (Ids.AccessKeyId("ASIA"), Ids.Secret());
        // Random and kept only as a digest: the token proves itself by being known.
        var token = Convert.ToBase64String(RandomNumberGenerator.GetBytes(96));
        // Whole seconds, as the wire shows them.
        var end = DateTimeOffset.FromUnixTimeSeconds(clock.GetUtcNow().ToUnixTimeSeconds() + seconds);
        db.Add(new AccessKey
        {
            Id = id,
            AccountId = accountId,
            SealedSecret = master.Seal(Encoding.UTF8.GetBytes(secret), id),
            PrincipalArn = arn,
            PrincipalId = principalId,
            RoleName = roleName,
            UserName = userName,
            SessionPolicy = sessionPolicy,
            SessionTokenDigest = Credentials.TokenDigest(token),
            ExpiresAt = end,
            CreatedAt = clock.GetUtcNow(),
        });
        db.Add(Work.Work.For(SessionReconciler.WorkKind, id, end + KeptFor));
        return new SessionCredentials
        {
            AccessKeyId = id, SecretAccessKey = secret, SessionToken = token, Expiration = end,
        };
    }
}
