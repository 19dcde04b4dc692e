using System.Diagnostics;
using Kiln.Tests.Fixtures;

namespace Kiln.Tests.Cli;

/// <summary>Runs the <c>kiln</c> program against a server in this process.</summary>
internal static class CliRun
{
    /// <summary>Runs a verb as a developer's root; answers its exit code and standard output.</summary>
    public static async Task<(int Code, string Output)> Of(TestServer server, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "kiln"), arguments)
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["AWS_ENDPOINT_URL"] = server.Server.Url;
        start.Environment["AWS_REGION"] = "us-east-1";
        start.Environment["AWS_ACCESS_KEY_ID"] = "test";
        start.Environment["AWS_SECRET_ACCESS_KEY"] = "test";
        using var process = Process.Start(start)!;
        var cancel = TestContext.Current.CancellationToken;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(cancel),
            process.StandardError.ReadToEndAsync(cancel));
        await process.WaitForExitAsync(cancel);
        TestContext.Current.TestOutputHelper?.WriteLine(await output + await errors);
        return (process.ExitCode, await output);
    }
}
