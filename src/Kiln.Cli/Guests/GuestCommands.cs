using System.CommandLine;
using System.Text;
using Kiln.Cli.Connections;

namespace Kiln.Cli.Guests;

/// <summary><c>kiln console|screenshot INSTANCE</c>: an instance as a person sees it.</summary>
internal static class GuestCommands
{
    /// <summary>How often the console is asked for: the service keeps it, so nothing is lost in between.</summary>
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);

    private static readonly Argument<string> Instance = new("INSTANCE") { Description = "The instance's id." };

    /// <summary>The verbs.</summary>
    public static IEnumerable<Command> All() => [Console(), SshCommand.New(Instance), Screenshot()];

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

    /// <summary>The console's text as the service keeps it.</summary>
    internal static async Task<string> ConsoleText(AwsClient client, string id, CancellationToken cancel)
    {
        var answer = await client.Ec2("GetConsoleOutput", [("InstanceId", id), ("Latest", "true")], cancel);
        return Encoding.UTF8.GetString(Convert.FromBase64String(answer.Element("output")?.Value ?? ""));
    }
}
