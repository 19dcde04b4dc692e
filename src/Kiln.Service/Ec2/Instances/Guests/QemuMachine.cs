using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>One machine that QEMU runs: its process, its control socket and what Kiln asked of it.</summary>
/// <remarks>Thread-safe as far as QEMU is; changes to one machine are made by one caller at a time, who holds
/// <see cref="Turn"/>.</remarks>
internal sealed class QemuMachine : IDisposable
{
    // A QEMU that is asked to end closes its disks first.
    private static readonly TimeSpan QuitMax = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan QuitLook = TimeSpan.FromMilliseconds(20);

    private readonly TimeProvider _wall;

    public QemuMachine(GuestFolder folder, LaunchRecord record, QemuProcess process, TimeProvider wall)
    {
        (Folder, Record, Process, _wall) = (folder, record, process, wall);
        Qmp = new Qmp(folder.QmpSocket, wall);
    }

    public GuestFolder Folder { get; }

    public LaunchRecord Record { get; private set; }

    public QemuProcess Process { get; }

    public Qmp Qmp { get; }

    /// <summary>Held by whoever changes the machine.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    /// <summary>When the system inside was first asked to shut down, since it last ran; null when it was not.</summary>
    public DateTimeOffset? AskedAt { get; set; }

    /// <summary>When it was last asked.</summary>
    public DateTimeOffset AskedLast { get; set; }

    /// <summary>When the guest was asked to let go of disks, by volume.</summary>
    public Dictionary<string, DateTimeOffset> Unplugging { get; } = new(StringComparer.Ordinal);

    /// <summary>Volumes that it has let go of and may not open again, whatever the rows still say.</summary>
    public ConcurrentDictionary<string, bool> Withdrawn { get; } = new(StringComparer.Ordinal);

    /// <summary>When its agent was last asked; for <see cref="GuestWatch"/>.</summary>
    public DateTimeOffset ListenedAt { get; set; }

    /// <summary>What was last seen of it; for <see cref="GuestWatch"/>.</summary>
    public string LastStatus { get; set; } = "";

    /// <summary>What <c>query-status</c> says, e.g. <c>running</c>; <c>""</c> for a process that has ended.</summary>
    /// <exception cref="IOException">It lives and does not answer.</exception>
    public async Task<string> Status(CancellationToken cancel)
    {
        if (!Process.IsAlive)
            return "";
        try
        {
            var answer = await Qmp.Execute("query-status", null, cancel);
            return answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("status", out var status)
                && status.ValueKind == JsonValueKind.String && status.GetString() is { Length: > 0 } text
                ? text : throw new IOException("QEMU does not say how its machine is.");
        }
        catch (IOException) when (!Process.IsAlive)
        {
            return "";
        }
    }

    /// <summary>As <see cref="Status"/>, and <c>silent</c> for a process that lives and does not answer: what is to go
    /// must not need its consent.</summary>
    public async Task<string> StatusOrSilence(CancellationToken cancel)
    {
        try
        {
            return await Status(cancel);
        }
        catch (Exception failure) when (failure is IOException or QmpException)
        {
            return "silent";
        }
    }

    /// <summary>Presses the power button.</summary>
    public Task PressButton(CancellationToken cancel) => Qmp.Execute("system_powerdown", null, cancel);

    /// <summary>Lets the processors run.</summary>
    public Task Go(CancellationToken cancel) => Qmp.Execute("cont", null, cancel);

    /// <summary>Stops the processors where they are; what is on its way to a disk gets there first.</summary>
    public Task Hold(CancellationToken cancel) => Qmp.Execute("stop", null, cancel);

    /// <summary>Starts it from its firmware again, with the disks it has.</summary>
    public async Task Restart(CancellationToken cancel)
    {
        await Qmp.Execute("system_reset", null, cancel);
        await Go(cancel);
        AskedAt = null;
        if (Record.Restarts)
            Keep(Record with { Restarts = false });
    }

    /// <summary>Changes the record, on disk too.</summary>
    public void Keep(LaunchRecord record)
    {
        record.Write(Folder);
        Record = record;
    }

    /// <summary>Ends the process: kindly, then not.</summary>
    public async Task End(CancellationToken cancel)
    {
        try
        {
            if (Process.IsAlive)
                await Qmp.Execute("quit", null, cancel, QuitMax);
        }
        catch (Exception failure) when (failure is IOException or QmpException)
        {
            // It is gone, or it is stuck.
        }
        var until = _wall.GetUtcNow() + QuitMax;
        while (Process.IsAlive && _wall.GetUtcNow() < until)
            await Task.Delay(QuitLook, _wall, cancel);
        Process.Kill();
        while (Process.IsAlive)
            await Task.Delay(QuitLook, _wall, cancel);
    }

    /// <summary>The ids of plugged devices, as QEMU lists them.</summary>
    public async Task<IReadOnlyList<string>> Devices(CancellationToken cancel) =>
        Names(await Qmp.Execute("qom-list", new JsonObject { ["path"] = "/machine/peripheral" }, cancel), "name");

    /// <summary>The names of block nodes, as QEMU lists them.</summary>
    public async Task<IReadOnlyList<string>> Nodes(CancellationToken cancel) => Names(
        await Qmp.Execute("query-named-block-nodes", new JsonObject { ["flat"] = true }, cancel), "node-name");

    /// <inheritdoc/>
    public void Dispose()
    {
        // Not the turn: whoever ends the machine holds it, and others may be waiting. It has nothing to give back.
        Qmp.Dispose();
    }

    private static List<string> Names(JsonElement list, string member) => list.ValueKind != JsonValueKind.Array ? []
        : [.. list.EnumerateArray().Where(e => e.TryGetProperty(member, out _))
            .Select(e => e.GetProperty(member).GetString() ?? "")];
}
