using System.Diagnostics;
using System.Globalization;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Images;

/// <summary><c>./start.sh</c> where there is no Kiln yet: the service at once, the tiny image beside it.</summary>
public sealed class StartTests : IDisposable
{
    private const string Parameter = "/kiln/images/tiny/x86_64";
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(4);
    private readonly string _folder = Leftovers.NewFolder("kiln-start");
    private readonly List<string> _said = [];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_tiny_image_is_made_once_in_the_background()
    {
        Assert.SkipUnless(File.Exists(AwsCli.Program), "The aws CLI is not installed (Debian's package awscli).");
        var cache = Path.Combine(Path.GetDirectoryName(await TinyImage.Disk())!, "cache");
        Assert.SkipUnless(Directory.Exists(cache), "The tiny image was given: there are no packages to make it of.");
        Directory.CreateSymbolicLink(Path.Combine(_folder, "kiln"), cache);
        var port = KilnProcess.FreePort();
        var build = await Built();
        using (var first = Start(build, port))
        {
            await Says("listens on", first);
            await Says("Making the starter image 'tiny' in the background.", first);
            Assert.Equal(0, (await Aws(port, "sts", "get-caller-identity")).ExitCode);
            await Says($"resolve:ssm:{Parameter}", first);
            var named = await Aws(port, "ssm", "get-parameter", "--name", Parameter, "--query", "Parameter.Value");
            Assert.StartsWith("ami-", named.Output, StringComparison.Ordinal);
            await Stop(first);
        }
        _said.Clear();
        using var second = Start(build, port);
        await Says("listens on", second);
        Assert.Equal(0, (await Aws(port, "ssm", "get-parameter", "--name", Parameter)).ExitCode);
        await Stop(second);
        Assert.DoesNotContain(_said, line => line.Contains("starter", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_packages_cannot_be_had_it_says_so_and_serves()
    {
        var nothing = Path.Combine(_folder, "apt.conf");
        await File.WriteAllTextAsync(
            nothing, "Dir::Etc::sourcelist \"/dev/null\";\nDir::Etc::sourceparts \"/dev/null\";\n", Cancel);
        var outcome = await Command.Run(KilnProcess.Program,
            ["image", "build", "tiny", "--output", Path.Combine(_folder, "tiny.raw"), "--cache", _folder],
            new Dictionary<string, string?> { ["APT_CONFIG"] = nothing });
        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains(Flat("The image 'tiny' could not be built: apt knows no linux-image-cloud-amd64: the recipe "
            + "needs Debian's package sources."), Flat(outcome.Errors), StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder, "tiny.raw")));

        using var kiln = Start(await Built(), KilnProcess.FreePort(), nothing);
        await Says("No starter image was made: The image 'tiny' could not be built: apt knows no", kiln);
        await Says("Later: kiln image build tiny", kiln);
        Assert.False(kiln.HasExited);
        await Stop(kiln);
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "start.sh")))
            folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    /// <summary>A folder that start.sh takes for a build of the sources as they are: this run's program.</summary>
    private async Task<string> Built()
    {
        var build = Directory.CreateDirectory(Path.Combine(_folder, "build")).FullName;
        File.CreateSymbolicLink(Path.Combine(build, "kiln"), KilnProcess.Program);
        var stamp = await Command.Run("bash",
            ["-c", $"here={Root()}; eval \"$(sed -n '/^sources() {{/,/^}}/p' $here/start.sh)\"; sources"]);
        await File.WriteAllTextAsync(Path.Combine(build, ".sources"), stamp.Output, Cancel);
        return build;
    }

    private Process Start(string build, int port, string? aptConfig = null)
    {
        var start = new ProcessStartInfo("bash",
            [Path.Combine(Root(), "start.sh"), "--dev", "--listen", string.Create(CultureInfo.InvariantCulture,
                $"127.0.0.1:{port}"), "--data", Path.Combine(_folder, "data"), "--guests", "simulated"])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        start.Environment["KILN_BUILD"] = build;
        start.Environment["XDG_CACHE_HOME"] = _folder;
        start.Environment["APT_CONFIG"] = aptConfig;
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Keep(string? line)
    {
        lock (_said)
            _said.Add(line ?? "");
    }

    private string Said()
    {
        lock (_said)
            return string.Join('\n', _said);
    }

    private async Task Says(string text, Process kiln)
    {
        var until = TimeProvider.System.GetUtcNow() + Limit;
        while (!Flat(Said()).Contains(Flat(text), StringComparison.Ordinal))
        {
            Assert.True(!kiln.HasExited && TimeProvider.System.GetUtcNow() < until, Said());
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, Cancel);
        }
    }

    // Lines are broken where the screen ends.
    private static string Flat(string lines) => string.Concat(lines.Where(c => !char.IsWhiteSpace(c)));

    private static async Task Stop(Process kiln)
    {
        await Command.Run("kill", ["-TERM", $"{kiln.Id}"]);
        await kiln.WaitForExitAsync(Cancel);
        Assert.Equal(0, kiln.ExitCode);
    }

    private static Task<Outcome> Aws(int port, params string[] arguments) => Command.Run(AwsCli.Program,
        ["--endpoint-url", $"http://127.0.0.1:{port}", "--output", "text", "--region", "us-east-1", .. arguments],
        new Dictionary<string, string?> { ["AWS_ACCESS_KEY_ID"] = "test", ["AWS_SECRET_ACCESS_KEY"] = "test" });
}
