using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Kiln.Cli.Connections;

namespace Kiln.Cli.Guests;

/// <summary><c>kiln ssh INSTANCE</c>: finds the way in, waits until somebody answers there, and runs ssh.</summary>
internal static class SshCommand
{
    /// <summary>How long a machine that boots is waited for; an emulated one may need more.</summary>
    private const int WaitSeconds = 120;

    /// <summary>The verb.</summary>
    public static Command New(Argument<string> instance)
    {
        var rest = new Argument<string[]>("COMMAND") { Description = "What to run there; a shell without it.",
            Arity = ArgumentArity.ZeroOrMore };
        var user = new Option<string>("--user", "-l") { Description = "Whom to be (root).",
            DefaultValueFactory = _ => "root" };
        var key = new Option<string>("--identity", "-i") { Description =
            "The private key; ssh's own choice without it." };
        var wait = new Option<int>("--wait") { Description =
            $"How long to wait for an instance that boots, in seconds ({WaitSeconds}).",
            DefaultValueFactory = _ => WaitSeconds };
        wait.Validators.Add(given =>
        {
            if (given.GetValueOrDefault<int>() is < 0 or > 3600)
                given.AddError("--wait takes 0 to 3600 seconds.");
        });
        var command = new Command("ssh", "Log in to an instance.") { instance, rest, user, key, wait };
        return ConnectionOptions.Verb(command, lists: false, async verb =>
        {
            var id = verb.Arguments.GetValue(instance)!;
            var waits = new SshWait(verb, id, TimeSpan.FromSeconds(verb.Arguments.GetValue(wait)));
            var found = await waits.Running();
            var (host, port) = SshAddress.Of(found);
            await SshRules.Check(verb.Client, found, host, verb.Cancel);
            await waits.Banner(host, port);
            var keys = await waits.HostKeys(found);
            var known = Path.GetTempFileName();
            try
            {
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
                return await Run(arguments, verb.Cancel);
            }
            finally
            {
                File.Delete(known);
            }
        });
    }

    private static async Task<int> Run(IEnumerable<string> arguments, CancellationToken cancel)
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
}
