namespace Kiln.Service.Calls;

/// <summary>Who calls: the principal behind a verified signature.</summary>
/// <param name="AccountId">The 12-digit account.</param>
/// <param name="Arn">The principal's ARN as GetCallerIdentity shows it, e.g.
/// <c>arn:aws:sts::1:assumed-role/r/s</c>.</param>
/// <param name="UserId">The unique id: the account for its root, else the principal's id, with the session for a
/// role.</param>
public sealed record Caller(string AccountId, string Arn, string UserId)
{
    /// <summary>Whether the caller is the account's root, which no identity policy limits.</summary>
    public bool IsRoot => RoleName is null && UserName is null;

    /// <summary>The role whose policies hold for an assumed-role session, else null.</summary>
    public string? RoleName { get; init; }

    /// <summary>The IAM user whose policies hold, else null.</summary>
    public string? UserName { get; init; }

    /// <summary>A policy that narrows the session further (the Policy parameter of AssumeRole), else null.</summary>
    public string? SessionPolicy { get; init; }

    /// <summary>The access key that signed; empty for calls that Kiln makes itself.</summary>
    public string AccessKeyId { get; init; } = "";

    /// <summary>The root of an account.</summary>
    public static Caller Root(string accountId) => new(accountId, $"arn:aws:iam::{accountId}:root", accountId);
}
