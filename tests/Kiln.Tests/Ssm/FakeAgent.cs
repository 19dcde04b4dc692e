using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kiln.Tests.Ssm;

/// <summary>
/// QEMU's guest agent on a socket, which runs what it is told on this machine: the folder of commands is one of the
/// test's. It can be frozen, silent, or forget what it ran, as a real one does when it is restarted.
/// </summary>
internal sealed class FakeAgent : IDisposable
{
    private const string FolderInGuest = "/var/lib/kiln-commands";
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly ConcurrentDictionary<int, (Process Process, Task<string> Out, Task<string> Error)> _running = [];
    private readonly string _folder;

    public FakeAgent(string socket, string folder)
    {
        _folder = folder;
        Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
        File.Delete(socket);
        _listener.Bind(new UnixDomainSocketEndPoint(socket));
        _listener.Listen();
        _ = Task.Run(Accept);
    }

    /// <summary>Whether guest-exec is refused, as by an agent whose file systems are frozen.</summary>
    public bool IsFrozen { get; set; }

    /// <summary>How many programs were started.</summary>
    public int Started { get; private set; }

    /// <summary>Forgets the programs that run, as an agent does that is started anew.</summary>
    public void Forget() => _running.Clear();

    /// <inheritdoc/>
    public void Dispose()
    {
        _listener.Dispose();
        // A test that failed leaves scripts that wait for what never comes.
        foreach (var (process, _, _) in _running.Values)
            process.Kill(entireProcessTree: true);
    }

    private async Task Accept()
    {
        try
        {
            while (true)
            {
                using var client = await _listener.AcceptAsync();
                await using var stream = new NetworkStream(client);
                await Serve(stream);
            }
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task Serve(NetworkStream stream)
    {
        var line = new List<byte>();
        var one = new byte[1];
        try
        {
            while (await stream.ReadAsync(one) == 1)
            {
                if (one[0] == 0xff)
                    line.Clear();
                else
                    line.Add(one[0]);
                if (Parse(line) is not { } ask)
                    continue;
                line.Clear();
                var name = (string)ask["execute"]!;
                var answer = Encoding.UTF8.GetBytes((await Answer(name, ask["arguments"])).ToJsonString() + "\n");
                if (name == "guest-sync-delimited")
                    await stream.WriteAsync((byte[])[0xff]);
                await stream.WriteAsync(answer);
            }
        }
        catch (IOException)
        {
            // The client has gone.
        }
    }

    private static JsonNode? Parse(List<byte> line)
    {
        if (line.Count == 0 || line[^1] is not ((byte)'}' or (byte)'\n'))
            return null;
        try
        {
            return JsonNode.Parse(line.ToArray());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<JsonObject> Answer(string name, JsonNode? arguments) => name switch
    {
        "guest-sync-delimited" => new() { ["return"] = (long)arguments!["id"]! },
        "guest-get-osinfo" => new() { ["return"] = new JsonObject { ["name"] = "Fake", ["version-id"] = "1" } },
        "guest-exec" when IsFrozen => Error("Command guest-exec has been disabled: the agent is in frozen state"),
        "guest-exec" => new() { ["return"] = new JsonObject { ["pid"] = Run(arguments!) } },
        "guest-exec-status" => await Status((int)arguments!["pid"]!),
        _ => new() { ["return"] = new JsonObject() },
    };

    private int Run(JsonNode arguments)
    {
        Started++;
        var start = new ProcessStartInfo((string)arguments["path"]!)
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in arguments["arg"]!.AsArray())
            start.ArgumentList.Add(((string)argument!).Replace(FolderInGuest, _folder, StringComparison.Ordinal));
        var process = Process.Start(start)!;
        if ((string?)arguments["input-data"] is { } input)
            process.StandardInput.BaseStream.Write(Convert.FromBase64String(input));
        process.StandardInput.Close();
        _running[process.Id] =
            (process, process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        return process.Id;
    }

    private async Task<JsonObject> Status(int pid)
    {
        if (!_running.TryGetValue(pid, out var run))
            return Error("Invalid parameter 'pid'");
        if (!run.Process.HasExited)
            return new() { ["return"] = new JsonObject { ["exited"] = false } };
        _running.TryRemove(pid, out _);
        return new()
        {
            ["return"] = new JsonObject
            {
                ["exited"] = true,
                ["exitcode"] = run.Process.ExitCode,
                ["out-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(await run.Out)),
                ["err-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(await run.Error)),
            },
        };
    }

    private static JsonObject Error(string text) =>
        new() { ["error"] = new JsonObject { ["class"] = "GenericError", ["desc"] = text } };
}
