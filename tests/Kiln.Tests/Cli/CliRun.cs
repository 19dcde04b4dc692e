using System.Diagnostics;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Cli;

/// <summary>Runs the <c>kiln</c> program against a server in this process.</summary>
internal static class CliRun
{
    /// <summary>Runs a verb as a developer's root; answers its exit code and standard output.</summary>
    public static async Task<(int Code, string Output)> Of(TestServer server, params string[] arguments)
    {
        var (code, output, _) = await In(null, server, arguments);
        return (code, output);
    }

    /// <summary>Runs a verb with a cache folder and a search path of its own, for an account; answers also what it
    /// said beside.</summary>
    public static async Task<(int Code, string Output, string Errors)> In(
        string? cache, TestServer server, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "kiln"), arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["AWS_ENDPOINT_URL"] = server.Server.Url;
        start.Environment["AWS_REGION"] = "us-east-1";
        start.Environment["AWS_ACCESS_KEY_ID"] = cache is null ? "test" : TestServer.A;
        start.Environment["AWS_SECRET_ACCESS_KEY"] = "test";
        if (cache is not null)
        {
            start.Environment["XDG_CACHE_HOME"] = cache;
            start.Environment["PATH"] = Path.Combine(cache, "bin") + ":" + start.Environment["PATH"];
        }
        using var process = Process.Start(start)!;
        var cancel = TestContext.Current.CancellationToken;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancel),
            process.StandardError.ReadToEndAsync(cancel));
        await process.WaitForExitAsync(cancel);
        TestContext.Current.TestOutputHelper?.WriteLine(await output + await errors);
        return (process.ExitCode, await output, await errors);
    }
}
