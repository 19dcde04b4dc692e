using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Xml.Linq;
using Kiln.Cli.Connections;

namespace Kiln.Cli.Guests;

/// <summary><c>kiln console|ssh|screenshot INSTANCE</c>: an instance as a person sees it.</summary>
internal static class GuestCommands
{
    /// <summary>How often the console is asked for: the service keeps it, so nothing is lost in between.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    private static readonly Argument<string> Instance = new("INSTANCE") { Description = "The instance's id." };

    /// <summary>The verbs.</summary>
    public static IEnumerable<Command> All() => [Console(), Ssh(), Screenshot()];

    private static Command Console()
    {
        var once = new Option<bool>("--once") { Description = "Print what is there and end." };
        var command = new Command("console", "Show an instance's serial console, and follow it.") { Instance, once };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var id = verb.Arguments.GetValue(Instance)!;
            var shown = "";
            while (true)
            {
                var text = await ConsoleText(verb.Client, id, verb.Cancel);
                System.Console.Out.Write(ConsoleTail.After(shown, text));
                System.Console.Out.Flush();
                shown = text;
                if (verb.Arguments.GetValue(once))
                    return ExitCodes.Done;
                await Task.Delay(AskEvery, TimeProvider.System, verb.Cancel);
            }
        });
    }

    private static Command Screenshot()
    {
        var file = new Argument<string>("FILE") { Description = "The JPEG file to write." };
        var command = new Command("screenshot", "Save a picture of an instance's screen.") { Instance, file };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var answer = await verb.Client.Ec2("GetConsoleScreenshot",
                [("InstanceId", verb.Arguments.GetValue(Instance)!)], verb.Cancel);
            var path = verb.Arguments.GetValue(file)!;
            await File.WriteAllBytesAsync(
                path, Convert.FromBase64String(answer.Element("imageData")?.Value ?? ""), verb.Cancel);
            verb.Screen.Line(path);
            return ExitCodes.Done;
        });
    }

    private static Command Ssh()
    {
        var rest = new Argument<string[]>("COMMAND") { Description = "What to run there; a shell without it.",
            Arity = ArgumentArity.ZeroOrMore };
        var user = new Option<string>("--user", "-l") { Description = "Whom to be (root).",
            DefaultValueFactory = _ => "root" };
        var key = new Option<string>("--identity", "-i") { Description =
            "The private key; ssh's own choice without it." };
        var command = new Command("ssh", "Log in to an instance.") { Instance, rest, user, key };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var id = verb.Arguments.GetValue(Instance)!;
            var found = await Describe(verb.Client, id, verb.Cancel);
            var (host, port) = SshAddress.Of(found);
            var known = Path.GetTempFileName();
            try
            {
                var keys = SshAddress.HostKeys(await ConsoleText(verb.Client, id, verb.Cancel));
                // The console is the service's word for whose key it is; without one, ssh asks.
                await File.WriteAllLinesAsync(known, keys.Select(k => $"{id} {k}"), verb.Cancel);
                var arguments = new List<string>
                {
                    "-o", $"UserKnownHostsFile={known}", "-o", $"HostKeyAlias={id}", "-o", "GlobalKnownHostsFile=none",
                    "-o", keys.Count > 0 ? "StrictHostKeyChecking=yes" : "StrictHostKeyChecking=ask",
                    "-p", port.ToString(CultureInfo.InvariantCulture), "-l", verb.Arguments.GetValue(user)!,
                };
                if (verb.Arguments.GetValue(key) is { } identity)
                    arguments.AddRange(["-i", identity]);
                arguments.Add(host);
                arguments.AddRange(verb.Arguments.GetValue(rest) ?? []);
                return await RunSsh(arguments, verb.Cancel);
            }
            finally
            {
                File.Delete(known);
            }
        });
    }

    private static async Task<int> RunSsh(IEnumerable<string> arguments, CancellationToken cancel)
    {
        Process ssh;
        try
        {
            ssh = Process.Start(new ProcessStartInfo("ssh", arguments) { UseShellExecute = false })!;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            throw new CliException("ssh is missing here: install openssh-client.", ExitCodes.Usage);
        }
        using (ssh)
        {
            await ssh.WaitForExitAsync(cancel);
            return ssh.ExitCode;
        }
    }

    private static async Task<XElement> Describe(AwsClient client, string id, CancellationToken cancel)
    {
        var answer = await client.Ec2("DescribeInstances", [("InstanceId.1", id)], cancel);
        return answer.Descendants("instancesSet").Elements("item").FirstOrDefault()
            ?? throw new CliException($"There is no instance {id} in {client.Connection.Region}.");
    }

    private static async Task<string> ConsoleText(AwsClient client, string id, CancellationToken cancel)
    {
        var answer = await client.Ec2("GetConsoleOutput", [("InstanceId", id), ("Latest", "true")], cancel);
        return Encoding.UTF8.GetString(Convert.FromBase64String(answer.Element("output")?.Value ?? ""));
    }
}
