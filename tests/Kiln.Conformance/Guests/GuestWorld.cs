using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;
using Kiln.Service;
using Kiln.Service.Ec2.Instances.Guests;

namespace Kiln.Conformance.Guests;

/// <summary>A <c>kiln serve --guests qemu</c> with the tiny image, and hands inside its machines.</summary>
/// <remarks>Started by the first test that needs it, so that a host without QEMU skips with a reason.</remarks>
public sealed class GuestWorld : IAsyncLifetime
{
    // Seven seconds of an idle core; the tests' host has two, and others' work on them.
    private static readonly TimeSpan BootMax = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ProgramMax = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly SemaphoreSlim _gate = new(1);
    private World? _world;
    private string? _image;

    /// <summary>The clients, after <see cref="Ready"/>.</summary>
    public World World => _world!;

    /// <summary>The tiny image, after <see cref="Ready"/>.</summary>
    public string Image => _image!;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <inheritdoc/>
    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>Starts the service, or skips the test where machines cannot run.</summary>
    public async Task Ready()
    {
        var missing = QemuHost.MissingFor(new ServiceOptions());
        Assert.SkipWhen(missing is not null, $"No machine runs here: {missing} is missing.");
        Assert.SkipUnless(Command.Exists("debugfs"), "No file system can be read here: e2fsprogs is missing.");
        await _gate.WaitAsync(Cancel);
        try
        {
            if (_image is not null)
                return;
            await TinyImage.Disk();
            _world ??= await Start();
            _image = await TinyImage.Register(World.Kiln, "tiny");
            await World.Available(_image);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Launches a machine and waits until its agent answers.</summary>
    public async Task<Instance> Boot(
        string? image = null, string account = KilnProcess.A, Action<RunInstancesRequest>? more = null,
        string region = KilnProcess.R1)
    {
        var instance = await World.Launch(image ?? Image, account, region, more);
        await Awake(instance.InstanceId);
        return instance;
    }

    /// <summary>Waits until a machine's agent answers.</summary>
    public async Task Awake(string instance)
    {
        using var agent = Agent(instance);
        var until = TimeProvider.System.GetUtcNow() + BootMax;
        while (!await agent.Ping(Cancel))
        {
            Assert.True(TimeProvider.System.GetUtcNow() < until, "The machine did not come up: " + Console(instance));
            await Task.Delay(Pause, TimeProvider.System, Cancel);
        }
    }

    /// <summary>Runs a shell script in a machine; it must end with 0. Answers what it wrote, trimmed.</summary>
    public async Task<string> Run(string instance, string script)
    {
        using var agent = Agent(instance);
        var pid = await agent.Exec("/bin/sh", ["-c", script], ["PATH=/bin:/sbin:/usr/bin:/usr/sbin"], null, Cancel);
        var until = TimeProvider.System.GetUtcNow() + ProgramMax;
        while (true)
        {
            var status = await agent.ExecStatus(pid, Cancel);
            if (status.Exited)
            {
                var output = Encoding.UTF8.GetString(status.Output);
                Assert.True(status.ExitCode == 0,
                    $"{script}\nended with {status.ExitCode}: {output}{Encoding.UTF8.GetString(status.Error)}");
                return output.Trim();
            }
            Assert.True(TimeProvider.System.GetUtcNow() < until, $"{script}\ndid not end.");
            await Task.Delay(Pause, TimeProvider.System, Cancel);
        }
    }

    /// <summary>Types a line into the shell on a machine's console: a hand where no agent answers.</summary>
    public async Task Type(string instance, string line)
    {
        using var serial = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await serial.ConnectAsync(new UnixDomainSocketEndPoint(FolderOf(instance).SerialSocket), Cancel);
        await serial.SendAsync(Encoding.UTF8.GetBytes(line + "\n"), Cancel);
        // Until it is echoed: QEMU drops what the guest has not taken when the other side hangs up.
        var (echo, bytes) = ("", new byte[256]);
        while (!echo.Contains(line, StringComparison.Ordinal))
            echo += Encoding.UTF8.GetString(bytes, 0, await serial.ReceiveAsync(bytes, Cancel));
    }

    /// <summary>The agent in a machine.</summary>
    public GuestAgent Agent(string instance) => new(FolderOf(instance).AgentSocket, TimeProvider.System);

    /// <summary>A machine's folder.</summary>
    public GuestFolder FolderOf(string instance) => new GuestFolders(new ServiceOptions
    {
        Data = World.Kiln.DataFolder, GuestFolder = World.Kiln.GuestFolder,
    }).Of(instance);

    /// <summary>What was noted of a machine, as words such as <c>freeze</c>.</summary>
    public IReadOnlyList<string> Journal(string instance) =>
        [.. GuestJournal.Read(FolderOf(instance)).Select(line => (string)JsonNode.Parse(line)!["what"]!)];

    /// <summary>The QEMU process of a machine; 0 for none.</summary>
    public int ProcessOf(string instance) => Processes("qemu-system", FolderOf(instance).QmpSocket).FirstOrDefault();

    /// <summary>How many processes stand between a machine and its metadata.</summary>
    public int RelaysOf(string instance) => Processes("nc.openbsd", "-NU\0" + FolderOf(instance).ImdsSocket).Count();

    /// <summary>Fetches a snapshot of a machine's data; the path of the raw disk.</summary>
    public async Task<string> Download(string snapshot)
    {
        await World.Completed(snapshot);
        var path = Path.Combine(World.Kiln.Folder, snapshot + ".raw");
        await World.Fetch(snapshot, path, since: null, KilnProcess.A, KilnProcess.R1);
        return path;
    }

    /// <summary>Fetches a snapshot of the root of a machine of the tiny image: what is not the image's.</summary>
    public async Task<string> DownloadRoot(string snapshot)
    {
        await World.Completed(snapshot);
        var path = Path.Combine(World.Kiln.Folder, snapshot + ".raw");
        var copied = await Command.Run("cp", ["--sparse=always", await TinyImage.Disk(), path]);
        Assert.True(copied.ExitCode == 0, copied.Errors);
        await World.Fetch(
            snapshot, path, (await World.SnapshotsOf(Image)).Single(), KilnProcess.A, KilnProcess.R1);
        return path;
    }

    /// <summary>Waits until an instance is in a state, as long as a shutdown may take.</summary>
    public Task<Instance> InState(string instance, string state) => World.InState(instance, state);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_world is not null)
            await _world.DisposeAsync();
        _gate.Dispose();
    }

    private async Task<World> Start()
    {
        var world = new World
        {
            Kiln = new KilnProcess
            {
                Guests = "qemu",
                Arguments = ["--guest-memory-mib", "160", "--guest-processors", "1"],
            },
        };
        await world.InitializeAsync();
        return world;
    }

    private string Console(string instance) =>
        File.Exists(FolderOf(instance).ConsoleLog) ? File.ReadAllText(FolderOf(instance).ConsoleLog) : "no console";

    private static IEnumerable<int> Processes(string program, string mark) =>
        from folder in Directory.EnumerateDirectories("/proc")
        let id = int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var number) ? number : 0
        where id > 0 && CommandLine(folder) is var line && line.Contains(program, StringComparison.Ordinal)
            && line.Contains(mark, StringComparison.Ordinal)
        select id;

    private static string CommandLine(string folder)
    {
        try
        {
            return File.ReadAllText(folder + "/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
