using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Kiln.Conformance.Fixtures;

/// <summary>A real <c>kiln serve</c> in a process of its own, with a data folder of its own; it can be killed and
/// started again.</summary>
public sealed class KilnProcess : IAsyncLifetime
{
    /// <summary>The owner in most tests.</summary>
    public const string A = "111111111111";

    /// <summary>The recipient.</summary>
    public const string B = "222222222222";

    /// <summary>The stranger.</summary>
    public const string C = "333333333333";

    /// <summary>The Regions of the tests.</summary>
    public const string R1 = "us-east-1", R2 = "us-west-2", R3 = "eu-west-1", R4 = "ap-southeast-1";

    // How long a start may take where others build and boot machines beside it.
    private static readonly TimeSpan StartMax = TimeSpan.FromMinutes(3);

    private readonly string _folder = Leftovers.NewFolder("kiln-conf");
    private readonly int _port = FreePort();
    private Process? _process;

    /// <summary>Further arguments of <c>kiln serve</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>What instances run in: <c>simulated</c> or <c>qemu</c>.</summary>
    public string Guests { get; init; } = "simulated";

    /// <summary>Whether it runs with <c>--dev</c>: any account's root, and a clock that moves.</summary>
    public bool IsDevelopment { get; init; } = true;

    /// <summary>Where it listens.</summary>
    public string Url => $"http://127.0.0.1:{_port}";

    /// <summary>A folder for the test's own files.</summary>
    public string Folder => _folder;

    /// <summary>Where its machines have their sockets and consoles.</summary>
    public string GuestFolder { get; } = Leftovers.NewFolder("kg");

    /// <summary>The data folder.</summary>
    public string DataFolder => Path.Combine(_folder, "data");

    /// <summary>The program under test: the <c>kiln</c> beside these tests.</summary>
    public static string Program => Path.Combine(AppContext.BaseDirectory, "kiln");

    /// <summary>The process id, for crash tests.</summary>
    public int ProcessId => _process!.Id;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await Leftovers.Sweep();
        await Start();
    }

    /// <summary>Starts, or starts again over the same data, and waits until it is healthy.</summary>
    public async Task Start()
    {
        var start = new ProcessStartInfo(Program,
            ["serve", "--data", DataFolder, "--listen", $"127.0.0.1:{_port}", "--guests", Guests,
             "--guest-folder", GuestFolder, "--simulated-boot-milliseconds", "0", "--recompress-idle-seconds", "3600",
             .. IsDevelopment ? ["--dev"] : Array.Empty<string>(), .. Arguments])
        {
            UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = _folder,
        };
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Log(line.Data);
        _process.ErrorDataReceived += (_, line) => Log(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        var began = TimeProvider.System.GetTimestamp();
        while (!await IsHealthy(http))
        {
            if (_process.HasExited)
                throw new InvalidOperationException($"kiln ended with {_process.ExitCode}: {string.Join('\n', _log)}");
            if (TimeProvider.System.GetElapsedTime(began) > StartMax)
                throw new TimeoutException($"kiln does not become healthy: {string.Join('\n', _log)}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    /// <summary>A port that nobody listens on.</summary>
    public static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    /// <summary>kill -9.</summary>
    public async Task Kill()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    /// <summary>SIGTERM; answers the exit code.</summary>
    public async Task<int> Stop()
    {
        await Command.Run("kill", ["-TERM", ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await _process!.WaitForExitAsync();
        var code = _process.ExitCode;
        _process.Dispose();
        _process = null;
        return code;
    }

    /// <summary>The aws CLI as an account in a Region.</summary>
    public AwsCli Aws(string account = A, string region = R1) => new(this, account, region);

    /// <summary>Runs <c>kiln VERB …</c> as an account's root.</summary>
    public Task<Outcome> Kiln(IEnumerable<string> arguments, string account = A, string region = R1) =>
        Command.Run(Program, arguments, Variables(account, region), _folder);

    /// <summary>Moves the domain clock.</summary>
    public async Task Advance(string span)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri($"{Url}/_kiln/clock?advance={span}"), null);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>What an AWS client needs in its environment.</summary>
    public Dictionary<string, string?> Variables(string account, string region) => new()
    {
        ["AWS_ENDPOINT_URL"] = Url,
        ["AWS_REGION"] = region,
        ["AWS_DEFAULT_REGION"] = region,
        ["AWS_ACCESS_KEY_ID"] = account,
        ["AWS_SECRET_ACCESS_KEY"] = "test",
        ["AWS_SESSION_TOKEN"] = null,
        ["AWS_PROFILE"] = null,
        ["AWS_CONFIG_FILE"] = "/dev/null",
        ["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null",
        ["AWS_PAGER"] = "",
        ["AWS_EC2_METADATA_DISABLED"] = "true",
        ["NO_COLOR"] = "1",
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
            await Kill();
        // The machines outlive the service: that is their point.
        await Leftovers.Remove(GuestFolder);
        Directory.Delete(_folder, recursive: true);
    }

    private async Task<bool> IsHealthy(HttpClient http)
    {
        try
        {
            return (await http.GetAsync(new Uri(Url + "/_kiln/health"))).StatusCode == HttpStatusCode.OK;
        }
        catch (Exception notYet) when (notYet is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private readonly List<string> _log = [];

    /// <summary>What it has said so far.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (_log)
                return [.. _log];
        }
    }

    private void Log(string? line)
    {
        if (line is null)
            return;
        lock (_log)
            _log.Add(line);
    }
}
