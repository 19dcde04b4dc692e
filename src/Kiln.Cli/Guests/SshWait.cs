using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Xml.Linq;

namespace Kiln.Cli.Guests;

/// <summary>Waits for a machine that boots: until it runs, until its SSH answers, until it has told its keys.</summary>
/// <param name="verb">The verb under way.</param>
/// <param name="id">The instance.</param>
/// <param name="patience">How long all of it may take.</param>
internal sealed class SshWait(Verb verb, string id, TimeSpan patience)
{
    /// <summary>How often it is looked.</summary>
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    /// <summary>How often a line says that it goes on.</summary>
    private static readonly TimeSpan SayEvery = TimeSpan.FromSeconds(10);

    /// <summary>How long a connection may be silent: QEMU takes it before anybody inside listens.</summary>
    private static readonly TimeSpan SilenceMax = TimeSpan.FromSeconds(5);

    /// <summary>How long keys are waited for once SSH answers: cloud-init prints them as its last step.</summary>
    private static readonly TimeSpan KeysMax = TimeSpan.FromSeconds(30);

    /// <summary>A machine older than this has printed its keys, or is of an image that prints none.</summary>
    private static readonly TimeSpan YoungMax = TimeSpan.FromMinutes(5);

    private readonly TimeProvider _time = TimeProvider.System;
    private readonly long _began = TimeProvider.System.GetTimestamp();

    /// <summary>The instance, once it runs.</summary>
    /// <exception cref="CliException">It is stopped, gone or unknown, or does not start in time.</exception>
    public async Task<XElement> Running() => await Until("it runs", patience, async () =>
    {
        var answer = await verb.Client.Ec2("DescribeInstances", [("InstanceId.1", id)], verb.Cancel);
        var found = answer.Descendants("instancesSet").Elements("item").FirstOrDefault()
            ?? throw new CliException($"There is no instance {id} in {verb.Client.Connection.Region}.");
        return found.Element("instanceState")?.Element("name")?.Value switch
        {
            "running" => found,
            "pending" => null,
            "stopped" => throw new CliException($"The instance {id} is stopped. Start it:\n  aws ec2 start-instances "
                + $"--instance-ids {id} --region {verb.Client.Connection.Region} "
                + $"--endpoint-url {verb.Client.Connection.Endpoint}"),
            var state => throw new CliException($"The instance {id} is {state}: nobody can log in."),
        };
    }) ?? throw new CliException($"The instance {id} was not running after {Seconds(patience)}.");

    /// <summary>Returns when an SSH server has said its first line.</summary>
    /// <exception cref="CliException">Nobody does in time.</exception>
    public async Task Banner(string host, int port)
    {
        var line = await Until("its SSH answers", patience, () => FirstLine(host, port));
        if (line is null)
        {
            throw new CliException($"No SSH server answered at {host} port {port} within {Seconds(patience)}. "
                + $"kiln console {id} shows how far the machine is; --wait waits longer.");
        }
    }

    /// <summary>The host keys on the console; none when the machine does not print any.</summary>
    public async Task<IReadOnlyList<string>> HostKeys(XElement instance)
    {
        var isYoung = DateTimeOffset.TryParse(instance.Element("launchTime")?.Value, CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal, out var launched) && _time.GetUtcNow() - launched < YoungMax;
        var limit = isYoung ? _time.GetElapsedTime(_began) + KeysMax : TimeSpan.Zero;
        var keys = await Until("its host keys are on the console", limit < patience ? limit : patience, async () =>
            SshAddress.HostKeys(await GuestCommands.ConsoleText(verb.Client, id, verb.Cancel)) is { Count: > 0 } told
                ? told : null);
        if (keys is null)
            verb.Screen.Say($"The console of {id} shows no host keys: ssh asks whether to trust the one that it sees.");
        return keys ?? [];
    }

    /// <summary>Looks, at least once, until there is something or the time since the start is over.</summary>
    private async Task<T?> Until<T>(string what, TimeSpan end, Func<Task<T?>> look)
        where T : class
    {
        for (long? said = null; ;)
        {
            if (await look() is { } found)
                return found;
            var waited = _time.GetElapsedTime(_began);
            if (waited >= end)
                return null;
            if (said is null || _time.GetElapsedTime(said.Value) >= SayEvery)
            {
                said = _time.GetTimestamp();
                verb.Screen.Say($"Waiting for {id} until {what} ({Seconds(waited)} of {Seconds(end)})");
            }
            await Task.Delay(LookEvery, _time, verb.Cancel);
        }
    }

    private async Task<string?> FirstLine(string host, int port)
    {
        using var silence = new CancellationTokenSource(SilenceMax, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(silence.Token, verb.Cancel);
        try
        {
            using var client = new TcpClient();
            await client.ConnectAsync(host, port, either.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.Latin1);
            var line = new char[255];
            var length = await reader.ReadAsync(line, either.Token);
            var text = new string(line, 0, length);
            return text.Contains("SSH-", StringComparison.Ordinal) ? text : null;
        }
        catch (Exception refused) when (refused is SocketException or IOException
            || (refused is OperationCanceledException && !verb.Cancel.IsCancellationRequested))
        {
            return null;
        }
    }

    private static string Seconds(TimeSpan time) =>
        time.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) + " s";
}
