using System.Globalization;
using System.Reflection;
using System.Text;

namespace Kiln.Conformance;

/// <summary>Writes docs/claims.md out of claims.txt and the tests that carry <see cref="ClaimAttribute"/>.</summary>
public static class ClaimsPage
{
    /// <summary>The page, from the root of the tree.</summary>
    public const string File = "docs/claims.md";

    /// <summary>The list, from the root of the tree.</summary>
    public const string List = "tests/Kiln.Conformance/claims.txt";

    /// <summary>A line of the list; <paramref name="WaitsFor"/> is null where a test is due now.</summary>
    public sealed record Claim(string Id, string Area, string? WaitsFor, string Words);

    /// <summary>A test method that shows a claim; a test that is switched off shows nothing.</summary>
    public sealed record Proof(string ClaimId, string Test);

    /// <summary>Reads the list.</summary>
    /// <exception cref="InvalidDataException">A line has not four parts.</exception>
    public static IReadOnlyList<Claim> Claims(IEnumerable<string> lines) =>
        [.. from line in lines
            where line.Length > 0 && line[0] != '#'
            select line.Split(" | ") is [var id, var area, var waits, var words]
                ? new Claim(id, area, waits == "-" ? null : waits, words)
                : throw new InvalidDataException($"Not four parts: {line}")];

    /// <summary>The tests of an assembly that show claims.</summary>
    public static IReadOnlyList<Proof> Proofs(Assembly assembly) =>
        [.. from type in assembly.GetTypes()
            from method in type.GetMethods()
            where method.GetCustomAttributes().OfType<FactAttribute>().Any(f => f.Skip is null)
            from claim in method.GetCustomAttributes<ClaimAttribute>()
            orderby type.Name, method.Name
            select new Proof(claim.Id, $"{type.Name}.{method.Name}")];

    /// <summary>The page's text.</summary>
    public static string Write(IReadOnlyList<Claim> claims, IReadOnlyList<Proof> proofs)
    {
        var byClaim = proofs.ToLookup(p => p.ClaimId, p => p.Test, StringComparer.Ordinal);
        var states = claims.Select(c => (Claim: c, Tests: byClaim[c.Id].ToList())).ToList();
        var text = new StringBuilder("""
            # Claims

            What Kiln promises about images, and the test that shows it: through a real client, over HTTP, on real
            bytes.
            Written by a test (`KILN_UPDATE_DOCS=1 ./test.sh` brings it up to date); do not edit. The list is
            [claims.txt](../tests/Kiln.Conformance/claims.txt). *Tested* says that the named tests pass, as far as they
            go; *waiting* names the part of Kiln that a test needs and that is not there yet.


            """);
        var tested = states.Count(s => s.Tests.Count > 0);
        var due = states.Count(s => s.Tests.Count == 0 && s.Claim.WaitsFor is null);
        text.Append(CultureInfo.InvariantCulture, $"{claims.Count} claims: {tested} tested, {due} without a test, ");
        text.Append(CultureInfo.InvariantCulture, $"{claims.Count - tested - due} waiting.\n\n");
        text.Append("| claim | area | in few words | state | tests |\n|---|---|---|---|---|\n");
        foreach (var (claim, tests) in states)
            text.Append(CultureInfo.InvariantCulture, $"| {claim.Id} | {claim.Area} | {claim.Words} | ")
                .Append(State(claim, tests.Count > 0)).Append(" | ")
                .AppendJoin(", ", tests.Select(t => $"`{t}`")).Append(" |\n");
        return text.ToString();
    }

    private static string State(Claim claim, bool tested) => (tested, claim.WaitsFor) switch
    {
        (true, null) => "tested",
        (true, var rest) => $"tested in part, the rest waiting for {rest}",
        (false, null) => "no test yet",
        (false, "no check") => "for information",
        (false, var all) => $"waiting for {all}",
    };
}
