namespace Kiln.Service.Iam.Policies;

/// <summary>What a policy is asked: may this principal do this to that, under these circumstances?</summary>
public sealed record PolicyRequest
{
    /// <summary>The action, e.g. <c>ec2:CreateImage</c>. Compared without case.</summary>
    public required string Action { get; init; }

    /// <summary>The resource's ARN, or <c>*</c>.</summary>
    public required string Resource { get; init; }

    /// <summary>Who asks.</summary>
    public required PolicyPrincipal Principal { get; init; }

    /// <summary>Condition keys and their values.</summary>
    public PolicyContext Context { get; init; } = new();
}

/// <summary>Who asks, as policies name principals.</summary>
/// <param name="AccountId">The account; empty for a service.</param>
/// <param name="Arn">Of the root, the user, or, for a session, its role.</param>
/// <param name="SessionArn">The ARN of an assumed-role session, else null.</param>
/// <param name="Service">A service's name, e.g. <c>ec2.amazonaws.com</c>, where no account's principal asks.</param>
public sealed record PolicyPrincipal(string AccountId, string Arn, string? SessionArn = null, string? Service = null);
