namespace Kiln.Protocol.Shapes;

/// <summary>Names parameters that AWS has and Kiln does not: a request that gives one is refused by its name.</summary>
/// <remarks>On a property it names that property; on a record it names the wire names in <see cref="Names"/>.</remarks>
[AttributeUsage(AttributeTargets.Property | AttributeTargets.Class, AllowMultiple = true)]
public sealed class UnsupportedAttribute(string why, params string[] names) : Attribute
{
    /// <summary>Why, in words for the caller, e.g. <c>Outposts only</c>.</summary>
    public string Why { get; } = why;

    /// <summary>The model's member names (top level) that are refused; empty on a property.</summary>
    public IReadOnlyList<string> Names { get; } = names;
}
