using System.Diagnostics;
using System.Text;

namespace Kiln.Conformance.Fixtures;

/// <summary>What a program said and how it ended.</summary>
public sealed record Outcome(int ExitCode, string Output, string Errors)
{
    /// <summary>The AWS error code in an aws CLI's error text, or null.</summary>
    public string? ErrorCode
    {
        get
        {
            const string Mark = "An error occurred (";
            var at = Errors.IndexOf(Mark, StringComparison.Ordinal);
            return at < 0 ? null : Errors[(at + Mark.Length)..Errors.IndexOf(')', at + Mark.Length)];
        }
    }
}

/// <summary>Runs programs to their end, with a limit.</summary>
public static class Command
{
    /// <summary>No program of these tests needs longer; one that does hangs.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>Runs a program with these variables besides this process's own.</summary>
    /// <exception cref="TimeoutException">It took longer than the limit and was killed.</exception>
    public static async Task<Outcome> Run(
        string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? variables = null,
        string? folder = null, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = folder ?? Path.GetTempPath(),
        };
        foreach (var (name, value) in variables ?? new Dictionary<string, string?>())
            start.Environment[name] = value;
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        process.StandardInput.Close();
        var output = Read(process.StandardOutput);
        var errors = Read(process.StandardError);
        using var timeout = new CancellationTokenSource(limit ?? Limit, TimeProvider.System);
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException(
                $"{program} {string.Join(' ', arguments)} took too long. It said: {await output} {await errors}");
        }
        return new Outcome(process.ExitCode, await output, await errors);
    }

    /// <summary>Whether a program is on the path; tests that need one that is not are skipped with a word.</summary>
    public static bool Exists(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => folder.Length > 0 && File.Exists(Path.Combine(folder, program)));

    private static async Task<string> Read(StreamReader reader)
    {
        var text = new StringBuilder();
        var buffer = new char[4096];
        for (int read; (read = await reader.ReadAsync(buffer.AsMemory())) > 0;)
            text.Append(buffer, 0, read);
        return text.ToString();
    }
}
