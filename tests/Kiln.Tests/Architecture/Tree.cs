namespace Kiln.Tests.Architecture;

/// <summary>The source tree that these tests were built from.</summary>
public static class Tree
{
    private static readonly HashSet<string> Skipped = new(StringComparer.Ordinal)
    {
        "bin", "obj", ".git", "data", "out", "TestResults", "BenchmarkDotNet.Artifacts", "node_modules", ".vs", ".idea",
    };

    /// <summary>The folder that holds Kiln.slnx.</summary>
    public static readonly string Root = Find();

    /// <summary>Every file of the tree with one of these extensions, as a path from the root with forward
    /// slashes.</summary>
    public static IReadOnlyList<string> Files(params string[] extensions) =>
        [.. Walk(Root).Select(Relative).Where(f => extensions.Any(e => f.EndsWith(e, StringComparison.Ordinal)))
            .Order(StringComparer.Ordinal)];

    /// <summary>Every C# file below a folder, written by hand: generated migrations are left out.</summary>
    public static IReadOnlyList<string> Code(string folder = "") =>
        [.. Files(".cs").Where(f => f.StartsWith(folder, StringComparison.Ordinal)
            && !f.Contains("/Migrations/", StringComparison.Ordinal))];

    /// <summary>A file's text.</summary>
    public static string Text(string file) => File.ReadAllText(Path.Combine(Root, file));

    /// <summary>A file's lines.</summary>
    public static string[] Lines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    /// <summary>A path below the root, with forward slashes.</summary>
    public static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static IEnumerable<string> Walk(string folder) =>
        Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder)
            .Where(d => !Skipped.Contains(Path.GetFileName(d))).SelectMany(Walk));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "Kiln.slnx")))
                return folder.FullName;
        throw new DirectoryNotFoundException("The tests run inside the source tree: no Kiln.slnx above them.");
    }
}
