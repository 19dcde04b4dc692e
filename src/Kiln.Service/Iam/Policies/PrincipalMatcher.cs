namespace Kiln.Service.Iam.Policies;

/// <summary>How a Principal element names the one who asks.</summary>
public enum PrincipalMatch
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>By its account: the account's own policies decide further.</summary>
    Account,

    /// <summary>Itself, or everybody.</summary>
    Itself,
}

/// <summary>A Principal or NotPrincipal element.</summary>
public sealed class PrincipalMatcher(
    bool everybody, IReadOnlyList<string> aws, IReadOnlyList<string> services, bool not)
{
    /// <summary>The AWS principals as written.</summary>
    public IReadOnlyList<string> Aws { get; } = aws;

    /// <summary>How it names a principal.</summary>
    public PrincipalMatch Match(PolicyPrincipal principal)
    {
        var match = Plain(principal);
        return !not ? match : match == PrincipalMatch.None ? PrincipalMatch.Itself : PrincipalMatch.None;
    }

    private PrincipalMatch Plain(PolicyPrincipal principal)
    {
        if (principal.Service is { } service)
        {
            return everybody || services.Contains(service, StringComparer.OrdinalIgnoreCase)
                ? PrincipalMatch.Itself
                : PrincipalMatch.None;
        }
        if (everybody || Aws.Any(name => name == principal.Arn || name == principal.SessionArn))
            return PrincipalMatch.Itself;
        return Aws.Contains(principal.AccountId) || Aws.Contains($"arn:aws:iam::{principal.AccountId}:root")
            ? PrincipalMatch.Account
            : PrincipalMatch.None;
    }
}
