using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Amazon.EC2.Model;
using Kiln.Conformance.Fixtures;

namespace Kiln.Conformance.Guests;

/// <summary>The ways into a machine: commands by the aws CLI, and <c>kiln console</c>, <c>ssh</c> and
/// <c>screenshot</c>.</summary>
[Collection("guests")]
public sealed class InsideTests(GuestWorld guests)
{
    private static readonly TimeSpan FollowMax = TimeSpan.FromMinutes(3);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private KilnProcess Kiln => guests.World.Kiln;

    private AwsCli Aws => Kiln.Aws();

    [Fact]
    public async Task A_machine_is_commanded_from_outside_and_a_person_gets_in()
    {
        await guests.Ready();
        TinyGuest.SkipWhereMissing("isolated");
        Assert.SkipUnless(File.Exists(AwsCli.Program), "The aws CLI is not installed (Debian's package awscli).");
        var key = await TinyGuest.NewKey(Kiln, "inside");
        var group = await TinyGuest.OpenGroup(Kiln);
        var id = (await guests.Boot(more: request =>
        {
            request.KeyName = "inside";
            request.SecurityGroupIds = [group];
        })).InstanceId;

        var information = (await Aws.Json("ssm", "describe-instance-information", "--filters",
            $"Key=InstanceIds,Values={id}")).GetProperty("InstanceInformationList")[0];
        Assert.Equal(("Online", "Linux", "Kiln tiny"), (information.GetProperty("PingStatus").GetString(),
            information.GetProperty("PlatformType").GetString(), information.GetProperty("PlatformName").GetString()));
        await Commands(id);
        await Person(id, key);
        await guests.World.Ec2().TerminateInstancesAsync(new TerminateInstancesRequest { InstanceIds = [id] }, Cancel);
    }

    private async Task Commands(string id)
    {
        var said = await Ended(id, await Send(id, "uname -s; pwd; echo oops >&2; exit 7"));
        Assert.Equal(("Failed", 7, "Linux\n/\n", "oops\n"), (said.GetProperty("Status").GetString(),
            said.GetProperty("ResponseCode").GetInt32(), said.GetProperty("StandardOutputContent").GetString(),
            said.GetProperty("StandardErrorContent").GetString()));
        said = await Ended(
            id, await Send(id, "pwd; head -c 100000 /dev/zero | tr '\\0' x", "workingDirectory", "/tmp"));
        Assert.Equal("Success", said.GetProperty("Status").GetString());
        var output = said.GetProperty("StandardOutputContent").GetString()!;
        Assert.StartsWith("/tmp\nxxx", output, StringComparison.Ordinal);
        Assert.EndsWith("x--output truncated--", output, StringComparison.Ordinal);
        Assert.Equal(24_000, output.Length);

        // What runs too long, or is cancelled, ends with all that it has started.
        said = await Ended(id, await Send(id, "sleep 611 & sleep 612", "executionTimeout", "2"));
        Assert.Equal(("TimedOut", "ExecutionTimedOut"),
            (said.GetProperty("Status").GetString(), said.GetProperty("StatusDetails").GetString()));
        var endless = await Send(id, "sleep 613 & touch /run/began; sleep 614");
        await guests.Run(id, "until [ -e /run/began ]; do sleep 0.2; done");
        await Aws.Json("ssm", "cancel-command", "--command-id", endless);
        Assert.Equal("Cancelled", (await Ended(id, endless)).GetProperty("Status").GetString());
        await World.Eventually(() => guests.Run(id, "ps | grep -c '[s]leep 61' || true"), left => left == "0");
    }

    private async Task Person(string id, string key)
    {
        // The host key is the one that the machine shows on its console; nobody is asked whether to believe it.
        var inside = await World.Eventually(
            () => Kiln.Kiln(["ssh", id, "-i", key, "--", "echo I am $(whoami); exit 3"]), o => o.ExitCode != 255);
        Assert.Equal((3, "I am root\n"), (inside.ExitCode, inside.Output));
        Assert.Equal(ExitCode.Refused, (await Kiln.Kiln(["ssh", "i-0123456789abcdef0", "true"])).ExitCode);

        var once = await Kiln.Kiln(["console", id, "--once"]);
        Assert.Contains("TINY READY", once.Output, StringComparison.Ordinal);
        Assert.Contains("-----END SSH HOST KEY KEYS-----", once.Output, StringComparison.Ordinal);
        await Follows(id);

        var picture = Path.Combine(Kiln.Folder, "screen.jpg");
        var shot = await Kiln.Kiln(["screenshot", id, picture]);
        Assert.Equal((0, picture), (shot.ExitCode, shot.Output.Trim()));
        Assert.Equal([0xFF, 0xD8, 0xFF], (await File.ReadAllBytesAsync(picture, Cancel))[..3]);
    }

    private async Task Follows(string id)
    {
        var start = new ProcessStartInfo(KilnProcess.Program, ["console", id])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        foreach (var (name, value) in Kiln.Variables(KilnProcess.A, KilnProcess.R1))
            start.Environment[name] = value;
        using var following = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(FollowMax);
        try
        {
            var seen = new StringBuilder();
            foreach (var word in (string[])["first thing", "second thing"])
            {
                await guests.Run(id, $"echo the {word} > /dev/console");
                while (!seen.ToString().Contains(word, StringComparison.Ordinal))
                    seen.AppendLine(await following.StandardOutput.ReadLineAsync(limit.Token));
            }
            // Nothing is shown twice.
            Assert.Equal(2, seen.ToString().Split("first thing").Length);
        }
        finally
        {
            await Command.Run("kill", ["-INT", $"{following.Id}"]);
            await following.WaitForExitAsync(limit.Token);
        }
        Assert.Equal(ExitCode.Interrupted, following.ExitCode);
    }

    private async Task<string> Send(string id, string script, string? parameter = null, string? value = null)
    {
        var parameters = new Dictionary<string, string[]> { ["commands"] = [script] };
        if (parameter is not null)
            parameters[parameter] = [value!];
        var sent = await Aws.Json("ssm", "send-command", "--document-name", "AWS-RunShellScript", "--instance-ids", id,
            "--parameters", JsonSerializer.Serialize(parameters));
        return sent.GetProperty("Command").GetProperty("CommandId").GetString()!;
    }

    private Task<JsonElement> Ended(string id, string command) => World.Eventually(
        () => Aws.Json("ssm", "get-command-invocation", "--command-id", command, "--instance-id", id),
        said => said.GetProperty("Status").GetString() is not ("Pending" or "InProgress" or "Cancelling"));

    private static class ExitCode
    {
        public const int Refused = 4, Interrupted = 130;
    }
}
