namespace Kiln.Service.Iam.Policies;

/// <summary>What policies say to a request.</summary>
public enum Decision
{
    /// <summary>Nothing: denied by default.</summary>
    Silent,

    /// <summary>Allowed to the account of the one who asks, whose own policies decide further.</summary>
    AllowedToAccount,

    /// <summary>Allowed.</summary>
    Allowed,

    /// <summary>Denied by a statement, which nothing outweighs.</summary>
    Denied,
}

/// <summary>A policy that was read: its statements, in order.</summary>
public sealed record PolicyDocument(IReadOnlyList<Statement> Statements)
{
    /// <summary>Reads a policy.</summary>
    /// <exception cref="PolicyException">The text is no policy of that kind.</exception>
    public static PolicyDocument Parse(string text, PolicyKind kind) => PolicyParser.Parse(text, kind);

    /// <summary>An explicit denial outweighs every allowance.</summary>
    public Decision Decide(PolicyRequest request) => Decide([this], request);

    /// <summary>What several policies of one principal say together.</summary>
    public static Decision Decide(IEnumerable<PolicyDocument> policies, PolicyRequest request)
    {
        var decision = Decision.Silent;
        foreach (var statement in policies.SelectMany(p => p.Statements))
        {
            var who = statement.Applies(request);
            if (who == PrincipalMatch.None)
                continue;
            if (statement.Deny)
                return Decision.Denied;
            if (decision != Decision.Allowed)
                decision = who == PrincipalMatch.Itself ? Decision.Allowed : Decision.AllowedToAccount;
        }
        return decision;
    }
}
