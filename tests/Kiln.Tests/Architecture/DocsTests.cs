using System.Text.RegularExpressions;

namespace Kiln.Tests.Architecture;

/// <summary>The pages and the code name each other, and every link leads somewhere.</summary>
public sealed partial class DocsTests
{
    private const string Map = "docs/README.md";

    [Fact]
    public void Links_between_pages_resolve() => Rule.Holds(
        from page in Tree.Files(".md")
        from Match link in Link().Matches(Fence().Replace(Tree.Text(page), ""))
        let target = link.Groups[1].Value.Split('#')[0]
        where target.Length > 0 && !target.Contains(':', StringComparison.Ordinal)
        let path = Path.Combine(Tree.Root, Path.GetDirectoryName(page)!, Uri.UnescapeDataString(target))
        where !Path.Exists(path)
        select $"{page} → {target}",
        "Correct the link: it is relative to the page it stands on.");

    [Fact]
    public void Pages_of_formats_name_files_that_name_them() => Rule.Holds(
        from page in Tree.Files(".md")
        where page.StartsWith("docs/formats/", StringComparison.Ordinal)
            && !page.EndsWith("README.md", StringComparison.Ordinal)
        from problem in FormatProblems(page)
        select problem,
        "A format's page names its code as `src/…/File.cs`, and that code names the page as docs/formats/page.md.");

    [Fact]
    public void Code_names_only_pages_that_exist() => Rule.Holds(
        from file in Tree.Code("src/")
        from Match named in Page().Matches(Tree.Text(file))
        where !File.Exists(Path.Combine(Tree.Root, named.Value))
        select $"{file} names {named.Value}",
        "Write the page, or name the one that is meant.");

    [Fact]
    public void Every_magic_of_a_format_is_on_its_page_and_is_what_it_says()
    {
        var code = (
            from file in Tree.Code("src/")
            from Match magic in Magic().Matches(Tree.Text(file))
            select (File: file, Text: magic.Groups[2].Value, Value: magic.Groups[1].Value.Replace("_", ""))).ToList();
        var pages = Tree.Files(".md").Where(f => f.StartsWith("docs/formats/", StringComparison.Ordinal))
            .SelectMany(f => PageMagic().Matches(Tree.Text(f)).Select(m => (File: f, Text: m.Groups[1].Value)))
            .ToList();
        Rule.Holds(
            [
                .. code.Where(c => pages.All(p => p.Text != c.Text)).Select(c => $"{c.File}: {c.Text} is on no page"),
                .. pages.Where(p => code.All(c => c.Text != p.Text)).Select(p => $"{p.File}: {p.Text} is in no code"),
                .. code.Where(c => c.Value != LittleEndian(c.Text)).Select(c => $"{c.File}: {c.Text} is {c.Value}"),
            ],
            "A format begins with letters that its page names, as `const ulong XMagic = 0x…; // \"LETTERS\"`.");
    }

    private static string LittleEndian(string text) =>
        Convert.ToHexString([.. System.Text.Encoding.ASCII.GetBytes(text).Reverse()]);

    [Fact]
    public void Every_page_is_on_the_map() => Rule.Holds(
        from page in Tree.Files(".md")
        where page.StartsWith("docs/", StringComparison.Ordinal) && page != Map
        where !Tree.Text(Map).Contains($"({page["docs/".Length..]})", StringComparison.Ordinal)
        select page,
        $"Link it from {Map}, with a word on when to read it: a page that nobody finds is not there.");

    [Fact]
    public void Decisions_are_numbered_and_on_the_map()
    {
        var map = Tree.Text(Map);
        var records = Tree.Files(".md").Where(f => f.StartsWith("docs/decisions/", StringComparison.Ordinal)).ToList();
        Rule.Holds(
            records.Select((file, index) => (file, name: Path.GetFileName(file), number: $"{index + 1:0000}-"))
                .Where(r => !r.name.StartsWith(r.number, StringComparison.Ordinal)
                    || !map.Contains($"decisions/{r.name}", StringComparison.Ordinal))
                .Select(r => $"{r.file}: expected number {r.number[..4]} and a link in {Map}"),
            $"Decision records are numbered without gaps, and {Map} links each.");
    }

    [Fact]
    public void Decisions_say_what_would_reverse_them() => Rule.Holds(
        from file in Tree.Files(".md")
        where file.StartsWith("docs/decisions/", StringComparison.Ordinal)
        from heading in new[] { "## Context", "## Options", "## Decision", "## What would reverse it" }
        where !Tree.Text(file).Contains(heading + "\n", StringComparison.Ordinal)
        select $"{file}: no '{heading}'",
        "A record has four parts: context, options with numbers, decision, what would reverse it.");

    [Fact]
    public void Every_dependency_is_accounted_for() => Rule.Holds(
        from Match version in Package().Matches(Tree.Text("Directory.Packages.props"))
        where !Tree.Text("docs/dependencies.md").Contains($"`{version.Groups[1].Value}`", StringComparison.Ordinal)
        select version.Groups[1].Value,
        "Add a line to docs/dependencies.md: why this package and not another, or none.");

    private static IEnumerable<string> FormatProblems(string page)
    {
        var named = Source().Matches(Tree.Text(page)).Select(m => m.Groups[1].Value).Distinct().ToList();
        foreach (var file in named.Where(f => !File.Exists(Path.Combine(Tree.Root, f))))
            yield return $"{page} names {file}, which does not exist";
        var existing = named.Where(f => File.Exists(Path.Combine(Tree.Root, f))).ToList();
        if (!existing.Any(f => Tree.Text(f).Contains(page, StringComparison.Ordinal)))
            yield return $"{page} is named by none of the files it names";
    }

    [GeneratedRegex(@"\[[^\]]*\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("```.*?```|`[^`\n]*`", RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"Magic = 0x([0-9A-F_]+); // ""(K[A-Z]+[0-9])""")]
    private static partial Regex Magic();

    [GeneratedRegex("`(K[A-Z]{2,6}[0-9])`")]
    private static partial Regex PageMagic();

    [GeneratedRegex(@"`(src/[\w./]+\.cs)`")]
    private static partial Regex Source();

    [GeneratedRegex(@"docs/[\w/-]+\.md")]
    private static partial Regex Page();

    [GeneratedRegex("PackageVersion Include=\"([^\"]+)\"")]
    private static partial Regex Package();
}
