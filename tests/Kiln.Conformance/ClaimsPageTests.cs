namespace Kiln.Conformance;

public sealed class ClaimsPageTests
{
    [Fact]
    public void The_page_of_claims_is_up_to_date()
    {
        var claims = ClaimsPage.Claims(File.ReadAllLines(At(ClaimsPage.List)));
        var text = ClaimsPage.Write(claims, ClaimsPage.Proofs(typeof(ClaimsPage).Assembly));
        var page = At(ClaimsPage.File);
        if (Environment.GetEnvironmentVariable("KILN_UPDATE_DOCS") == "1")
            File.WriteAllText(page, text);
        Assert.True(File.Exists(page) && File.ReadAllText(page) == text,
            $"{ClaimsPage.File} is stale: run KILN_UPDATE_DOCS=1 ./test.sh -class 'Kiln.Conformance.ClaimsPageTests'");
    }

    [Fact]
    public void Tests_name_claims_that_exist()
    {
        var known = ClaimsPage.Claims(File.ReadAllLines(At(ClaimsPage.List))).Select(c => c.Id).ToList();
        Assert.Equal(known.Count, known.Distinct().Count());
        Assert.All(ClaimsPage.Proofs(typeof(ClaimsPage).Assembly), proof => Assert.Contains(proof.ClaimId, known));
    }

    [Fact]
    public void A_claim_with_a_test_that_waits_for_more_is_tested_in_part()
    {
        var claims = ClaimsPage.Claims(
            ["# a comment", "C1 | a | - | one", "C2 | a | guests | two", "C3 | a | guests | three"]);
        var page = ClaimsPage.Write(claims, [new("C1", "A.B"), new("C1", "A.C"), new("C2", "A.D")]);
        Assert.Contains("3 claims: 2 tested, 0 without a test, 1 waiting.\n", page, StringComparison.Ordinal);
        Assert.Contains("| C1 | a | one | tested | `A.B`, `A.C` |\n", page, StringComparison.Ordinal);
        Assert.Contains("| tested in part, the rest waiting for guests | `A.D` |\n", page, StringComparison.Ordinal);
        Assert.Contains("| C3 | a | three | waiting for guests |  |\n", page, StringComparison.Ordinal);
    }

    private static string At(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Kiln.slnx")))
                return Path.Combine(folder.FullName, file);
        throw new DirectoryNotFoundException("The tests run inside the source tree: no Kiln.slnx above them.");
    }
}
