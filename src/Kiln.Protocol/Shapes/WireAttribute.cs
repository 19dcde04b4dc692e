namespace Kiln.Protocol.Shapes;

/// <summary>Spells a member's name on the wire where it is not the rule of its protocol.</summary>
/// <remarks>
/// In ec2-query and query a scalar follows the case of its direction (<c>Name</c> in a request, <c>name</c> in an
/// ec2 response) and a list always spells its wire name. In JSON protocols the member's own name is the rule.
/// </remarks>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Parameter)]
public sealed class WireAttribute(string name) : Attribute
{
    /// <summary>The name on the wire, in both directions unless <see cref="Response"/> says otherwise.</summary>
    public string Name { get; } = name;

    /// <summary>The name in a response, for the few shapes that are spelt differently there.</summary>
    public string? Response { get; init; }

    /// <summary>The name in the refusal of a request that lacks it, for the few that AWS calls otherwise there.
    /// </summary>
    public string? Missing { get; init; }
}
