namespace Kiln.Service.Iam.Policies;

/// <summary>One statement of a policy. IAM User Guide, "IAM JSON policy element reference".</summary>
public sealed record Statement
{
    /// <summary>Deny rather than Allow.</summary>
    public required bool Deny { get; init; }

    /// <summary>Who is meant; null in identity policies: the one it is attached to.</summary>
    public PrincipalMatcher? Principal { get; init; }

    /// <summary>The actions, with wildcards.</summary>
    public required IReadOnlyList<PolicyText> Actions { get; init; }

    /// <summary>Whether all other actions are meant.</summary>
    public bool NotAction { get; init; }

    /// <summary>The resources, with wildcards and variables; null in trust policies.</summary>
    public IReadOnlyList<PolicyText>? Resources { get; init; }

    /// <summary>Whether all other resources are meant.</summary>
    public bool NotResource { get; init; }

    /// <summary>Conditions, all of which must hold.</summary>
    public IReadOnlyList<Condition> Conditions { get; init; } = [];

    /// <summary>Whether it speaks of a request, and how it names who asks.</summary>
    public PrincipalMatch Applies(PolicyRequest request)
    {
        var who = Principal?.Match(request.Principal) ?? PrincipalMatch.Itself;
        if (who == PrincipalMatch.None
            || Actions.Any(a => a.Matches(request.Action, request.Context, ignoreCase: true)) == NotAction
            || (Resources is not null
                && Resources.Any(r => r.Matches(request.Resource, request.Context)) == NotResource)
            || !Conditions.All(c => c.Holds(request.Context)))
            return PrincipalMatch.None;
        return who;
    }
}
