using System.Diagnostics;
using Kiln.Cli.Output;

namespace Kiln.Cli.Images;

/// <summary>Runs a recipe to its end: this program's scripts, Debian's packages, and a disk into a file.</summary>
/// <remarks>
/// The scripts print <c>== what they do</c>, which is shown, and end with <c>!! why</c> when they cannot go on. They
/// need neither root nor a mount.
/// </remarks>
public sealed class RecipeRun(Screen screen)
{
    /// <summary>A recipe that takes longer hangs: a slow mirror over a thin line stays below it.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(30);

    /// <summary>Lines of a failed script's output that are shown.</summary>
    private const int TailLines = 15;

    private const string Resources = "recipes/";

    /// <summary>Makes a raw disk image.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="architecture">One of its architectures.</param>
    /// <param name="output">The file, made or replaced when all is done.</param>
    /// <param name="cache">The folder of packages that is kept, or null for one that goes with the run.</param>
    /// <param name="cancel">Gives up, and ends what runs.</param>
    /// <exception cref="CliException">It cannot be made; the sentence says what is missing.</exception>
    public async Task Make(
        Recipe recipe, string architecture, string output, string? cache, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        HostTool.Check(recipe.Name, recipe.ToolsFor(architecture));
        var work = Directory.CreateTempSubdirectory("kiln-image-").FullName;
        try
        {
            var recipes = Path.Combine(work, "recipe");
            WriteScripts(recipes);
            var made = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(output))!,
                $".{Path.GetFileName(output)}.{Environment.ProcessId}.part");
            var start = Script(Path.Combine(recipes, recipe.Name + ".sh"), new Dictionary<string, string?>
            {
                ["KILN_OUT"] = made,
                ["KILN_ARCH"] = architecture,
                ["KILN_CACHE"] = cache ?? Path.Combine(work, "cache"),
                ["KILN_WORK"] = work,
                ["KILN_RECIPE"] = recipes,
                ["PATH"] = HostTool.SearchPath,
                ["LC_ALL"] = "C.UTF-8",
                ["DEBIAN_FRONTEND"] = "noninteractive",
            });
            try
            {
                await Run(recipe, start, cancel);
                File.Move(made, output, overwrite: true);
            }
            finally
            {
                File.Delete(made);
            }
        }
        finally
        {
            Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>The user's own cache folder; null where there is no place for one.</summary>
    public static string? CacheFolder(Func<string, string?> environment)
    {
        ArgumentNullException.ThrowIfNull(environment);
        if (environment("XDG_CACHE_HOME") is { Length: > 0 } given)
            return Path.Combine(given, "kiln");
        return environment("HOME") is { Length: > 1 } home && Directory.Exists(home)
            ? Path.Combine(home, ".cache", "kiln") : null;
    }

    private static ProcessStartInfo Script(string script, Dictionary<string, string?> variables)
    {
        // Who is root already needs nobody to pretend so.
        var start = new ProcessStartInfo(Environment.IsPrivilegedProcess ? "bash" : "fakeroot",
            Environment.IsPrivilegedProcess ? [script] : ["bash", script])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            // The scripts join the two themselves.
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        return start;
    }

    private async Task Run(Recipe recipe, ProcessStartInfo start, CancellationToken cancel)
    {
        using var process = Process.Start(start) ?? throw new CliException("bash did not start.");
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(Limit);
        process.StandardInput.Close();
        var tail = new Queue<string>();
        try
        {
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith("== ", StringComparison.Ordinal))
                    screen.Say($"{recipe.Name}: {line[3..]}");
                tail.Enqueue(line);
                if (tail.Count > TailLines)
                    tail.Dequeue();
            }
            await errors;
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            // Before the folder goes in which they write.
            process.WaitForExit();
            if (!cancel.IsCancellationRequested)
                throw new CliException($"Building '{recipe.Name}' took longer than {Limit.TotalMinutes} minutes.");
            throw;
        }
        if (process.ExitCode != 0)
            throw new CliException(Why(recipe, tail));
    }

    private static string Why(Recipe recipe, IEnumerable<string> tail)
    {
        string[] lines = [.. tail];
        var said = lines.LastOrDefault(l => l.StartsWith("!! ", StringComparison.Ordinal))?[3..];
        var rest = string.Concat(lines.Where(l => !l.StartsWith("!! ", StringComparison.Ordinal))
            .Select(l => "\n      " + l));
        return $"The image '{recipe.Name}' could not be built: {said ?? "its script failed."}{rest}";
    }

    private static void WriteScripts(string folder)
    {
        var program = typeof(RecipeRun).Assembly;
        foreach (var name in program.GetManifestResourceNames())
        {
            if (!name.StartsWith(Resources, StringComparison.Ordinal))
                continue;
            var path = Path.Combine(folder, name[Resources.Length..]);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using var script = program.GetManifestResourceStream(name)!;
            using var file = File.Create(path);
            script.CopyTo(file);
        }
    }
}
