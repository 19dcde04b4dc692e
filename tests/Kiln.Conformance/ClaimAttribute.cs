namespace Kiln.Conformance;

/// <summary>Says which promise of claims.txt a test shows: <c>[Claim("C001")]</c>. A test may show several.</summary>
/// <remarks><see cref="ClaimsPage"/> lists claims and tests in docs/claims.md and refuses ids that do not
/// exist.</remarks>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class ClaimAttribute(string id) : Attribute
{
    /// <summary>The claim's id as it stands in claims.txt.</summary>
    public string Id { get; } = id;
}
