using System.Text.Json;
using Kiln.Conformance.Fixtures;
using Kiln.Service;
using Kiln.Service.Ec2.Instances.Guests;

namespace Kiln.Conformance.Guests;

/// <summary>A tiny machine on a real QEMU, and its shell over SSH at the address that DescribeInstances shows.
/// </summary>
public sealed class TinyGuest
{
    // A boot takes some ten seconds without KVM, and several tests share the processors.
    private static readonly TimeSpan ReadyMax = TimeSpan.FromMinutes(3);

    private static int _groups;
    private readonly KilnProcess _kiln;
    private readonly string _key;

    private TinyGuest(KilnProcess kiln, string key, JsonElement instance)
    {
        (_kiln, _key) = (kiln, key);
        Instance = instance;
    }

    /// <summary>As DescribeInstances shows it.</summary>
    public JsonElement Instance { get; private set; }

    /// <summary>Who logs in.</summary>
    public string User { get; set; } = "root";

    /// <summary>Its id.</summary>
    public string Id => Instance.GetProperty("InstanceId").GetString()!;

    /// <summary>Its private address.</summary>
    public string PrivateIp => Instance.GetProperty("PrivateIpAddress").GetString()!;

    /// <summary>Skips a test where machines cannot run.</summary>
    public static void SkipWhereMissing(string network)
    {
        var missing = QemuHost.MissingFor(new ServiceOptions { GuestNetwork = network });
        Assert.SkipWhen(missing is not null, $"No machine runs here: {missing} is missing.");
        Assert.SkipUnless(Command.Exists("ssh"), "Nobody logs in to a machine here: openssh-client is missing.");
    }

    /// <summary>Makes a key pair, and keeps the private half in a file that it answers.</summary>
    public static async Task<string> NewKey(KilnProcess kiln, string name)
    {
        var made = await kiln.Aws().Json($"ec2 create-key-pair --key-name {name}");
        var file = Path.Combine(kiln.Folder, name + ".pem");
        await File.WriteAllTextAsync(file, made.GetProperty("KeyMaterial").GetString());
        File.SetUnixFileMode(file, UnixFileMode.UserRead);
        return file;
    }

    /// <summary>Makes a security group that lets SSH in; its id.</summary>
    public static async Task<string> OpenGroup(KilnProcess kiln)
    {
        var name = $"ssh-{Interlocked.Increment(ref _groups)}";
        var group = (await kiln.Aws().Json($"ec2 create-security-group --group-name {name} --description d"))
            .GetProperty("GroupId").GetString()!;
        await kiln.Aws().Json($"ec2 authorize-security-group-ingress --group-id {group} --protocol tcp --port 22"
            + " --cidr 0.0.0.0/0");
        return group;
    }

    /// <summary>Launches one of an image, and waits until it runs.</summary>
    public static async Task<TinyGuest> Launch(
        KilnProcess kiln, string imageId, string key, params string[] arguments)
    {
        var launched = await kiln.Aws().Json(
            ["ec2", "run-instances", "--image-id", imageId, "--instance-type", "t3.micro",
             "--key-name", Path.GetFileNameWithoutExtension(key), .. arguments]);
        var guest = new TinyGuest(kiln, key, launched.GetProperty("Instances")[0]);
        await Until(async () =>
        {
            var state = await guest.State();
            return state == "running" ? null : state is "terminated" or "stopped"
                ? throw new InvalidOperationException(guest.Instance.ToString()) : state;
        });
        return guest;
    }

    /// <summary>Runs a shell's script in it, once SSH answers; what it wrote.</summary>
    public async Task<string> Shell(string script)
    {
        var last = new Outcome(-1, "", "");
        await Until(async () =>
        {
            last = await Ssh(script);
            // 255 is ssh's own failure: not up yet.
            return last.ExitCode == 255 ? last.Errors : null;
        });
        return last.ExitCode == 0 ? last.Output : throw new InvalidOperationException(
            $"{script} ended with {last.ExitCode}: {last.Output}{last.Errors}");
    }

    /// <summary>Runs a script at once; 255 where SSH does not answer.</summary>
    public Task<Outcome> Ssh(string script)
    {
        var address = Instance.GetProperty("PublicIpAddress").GetString()!;
        var port = Instance.TryGetProperty("Tags", out var tags)
            ? tags.EnumerateArray().Where(t => t.GetProperty("Key").GetString() == "aws:kiln:ssh-port")
                .Select(t => t.GetProperty("Value").GetString()).SingleOrDefault() : null;
        return Command.Run("ssh",
            ["-i", _key, "-p", port ?? "22", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
             "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=5", "-o", "BatchMode=yes", "-o", "LogLevel=ERROR",
             User + "@" + address, script], limit: TimeSpan.FromSeconds(60));
    }

    /// <summary>Its state now.</summary>
    public async Task<string> State()
    {
        var described = await _kiln.Aws().Json("ec2", "describe-instances", "--instance-ids", Id);
        Instance = described.GetProperty("Reservations")[0].GetProperty("Instances")[0];
        return Instance.GetProperty("State").GetProperty("Name").GetString()!;
    }

    /// <summary>Ends it, and waits until it is gone.</summary>
    public async Task Terminate()
    {
        await _kiln.Aws().Json("ec2", "terminate-instances", "--instance-ids", Id);
        await Until(async () => await State() is var state && state == "terminated" ? null : state);
    }

    /// <summary>Asks until there is nothing left to wait for; fails with what was waited for last.</summary>
    public static async Task Until(Func<Task<string?>> waitsFor)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (await waitsFor() is { } still)
        {
            if (TimeProvider.System.GetElapsedTime(began) > ReadyMax)
                throw new TimeoutException(still);
            await Task.Delay(
                TimeSpan.FromMilliseconds(500), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }
}
