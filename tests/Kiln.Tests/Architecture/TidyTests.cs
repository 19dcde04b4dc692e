using System.Text.RegularExpressions;

namespace Kiln.Tests.Architecture;

/// <summary>Sizes and the state of the text itself.</summary>
public sealed partial class TidyTests
{
    /// <summary>What a reader holds in mind; beyond it a file has two subjects.</summary>
    private const int FileLinesMax = 400;

    /// <summary>One screen.</summary>
    private const int MethodLinesMax = 70;

    /// <summary>Two files side by side on a laptop.</summary>
    private const int LineLengthMax = 120;

    [Fact]
    public void Files_are_short() => Rule.Holds(
        from file in Tree.Code()
        let lines = Tree.Lines(file).Length
        where lines > FileLinesMax
        select $"{file}: {lines} lines",
        $"At most {FileLinesMax} lines: give the second subject its own file.");

    [Fact]
    public void Lines_are_short() => Rule.Holds(
        from file in Tree.Code().Concat(Tree.Files(".sh"))
        from line in Tree.Lines(file).Select((text, index) => (text, number: index + 1))
        where line.text.Length > LineLengthMax
        select $"{file}:{line.number}: {line.text.Length} characters",
        $"At most {LineLengthMax} characters: break the line at its outermost bracket or operator.");

    [Fact]
    public void Methods_are_short() => Rule.Holds(
        from method in MethodSizes.All()
        where method.Lines > MethodLinesMax
        select $"{method.File}:{method.Line}: {method.Name}, {method.Lines} lines",
        $"At most {MethodLinesMax} lines: name a part of it and move it out.");

    [Fact]
    public void Text_is_clean() => Rule.Holds(
        from file in Tree.Files(".cs", ".md", ".sh", ".csproj", ".props", ".json", ".txt", ".yml")
        where !file.Contains("/Migrations/", StringComparison.Ordinal)
        let text = Tree.Text(file)
        where text.Contains('\r', StringComparison.Ordinal) || text.Contains('\t', StringComparison.Ordinal)
            || TrailingSpace().IsMatch(text) || (text.Length > 0 && !text.EndsWith('\n') && !IsLock(file))
        select file,
        "No tabs, no carriage returns, no spaces at a line's end, and a newline at the file's end.");

    [Fact]
    public void Nothing_is_left_for_later() => Rule.Holds(
        from file in Tree.Files(".cs", ".md", ".sh", ".csproj", ".props")
        from line in Tree.Lines(file).Select((text, index) => (text, number: index + 1))
        where Leftover().IsMatch(line.text)
        select $"{file}:{line.number}: {line.text.Trim()}",
        "Do it, refuse it by name, or open an issue: the tree holds no notes to ourselves.");

    private static bool IsLock(string file) => file.EndsWith("packages.lock.json", StringComparison.Ordinal);

    [GeneratedRegex(@"[ ]+$", RegexOptions.Multiline)]
    private static partial Regex TrailingSpace();

    // Written so that the rule does not find itself.
    [GeneratedRegex(@"\b(TO[D]O|FIX[M]E|HA[C]K|XX[X]|NotImplemented[E]xception)\b")]
    private static partial Regex Leftover();
}
