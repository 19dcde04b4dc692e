using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Kiln.Service.Ec2.Instances.Guests;

/// <summary>A QEMU process: started apart from Kiln, found again by its arguments.</summary>
/// <param name="Id">Its number.</param>
/// <param name="StartTicks">When the kernel started it, which makes the number unique.</param>
internal sealed record QemuProcess(int Id, long StartTicks)
{
    // What QEMU may write to any file: its log and the machine's console. Beyond it writes fail; the machine goes on.
    private const int FileMiBMax = 16;

    // Counted for the user, so only where a machine has one of its own; elsewhere the limit of files bounds processes
    // too, for each connection of a guest to its metadata is one of both.
    private const int ProcessesMax = 256;

    /// <summary>Starts QEMU in a session of its own, as a user of its own, with all streams in files: it outlives
    /// Kiln.</summary>
    /// <param name="arguments">The program and its arguments.</param>
    /// <param name="folder">The machine's folder.</param>
    /// <param name="user">Who runs it, or null for Kiln's own user.</param>
    /// <param name="kvm">Whether it needs /dev/kvm.</param>
    /// <param name="network">Where it is connected.</param>
    /// <param name="filesMax">How many files it may have open.</param>
    public static Process Start(
        IReadOnlyList<string> arguments, GuestFolder folder, uint? user, bool kvm, GuestNetworkPlan network,
        int filesMax)
    {
        // The shell opens the console's file before it gives up the right to. SIGXFSZ would kill where EFBIG is meant.
        // Processes are -u to bash and -p to dash.
        const string script = "trap '' XFSZ; ulimit -c 0; ulimit -f \"$3\"; ulimit -n \"$4\"; "
            + "exec </dev/null >>\"$2\" 2>&1 3>>\"$1\"; "
            + "if [ \"$5\" -gt 0 ]; then ulimit -u \"$5\" 2>/dev/null || ulimit -p \"$5\"; fi; "
            + "shift 5; cd / && exec \"$@\"";
        var start = new ProcessStartInfo("setsid");
        string[] launch =
        [
            .. network.Namespace is { } space ? ["nsenter", $"--net=/run/netns/{space}"] : Array.Empty<string>(),
            "/bin/sh", "-c", script, "kiln-guest", folder.ConsoleLog, folder.ProcessLog,
            Text(FileMiBMax * 2048), Text(filesMax), Text(QemuHost.IsOwnUser(user) ? ProcessesMax : 0),
            "setpriv", "--no-new-privs",
            .. AsUser(user, kvm, network.LowPorts), .. arguments,
        ];
        foreach (var argument in launch)
            start.ArgumentList.Add(argument);
        var path = Environment.GetEnvironmentVariable("PATH");
        start.Environment.Clear();
        start.Environment["PATH"] = path ?? "/usr/bin:/bin";
        return Process.Start(start) ?? throw new GuestStartException("The process could not be started.");
    }

    /// <summary>The process that serves a machine's control socket; null where there is none.</summary>
    /// <remarks>Anybody may have such arguments: only one of Kiln's or of the machine's user counts.</remarks>
    public static QemuProcess? Find(GuestFolder folder)
    {
        var user = QemuHost.UserOf(folder.InstanceId);
        var mark = Encoding.UTF8.GetBytes($"path={folder.QmpSocket},");
        foreach (var entry in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(entry), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && Read(entry + "/cmdline").AsSpan().IndexOf(mark) >= 0
                && OwnerOf(entry) is { } owner && (owner == Posix.UserId || owner == user)
                && StartOf(id) is { } ticks)
                return new QemuProcess(id, ticks);
        }
        return null;
    }

    /// <summary>The process of a number; null where there is none.</summary>
    public static QemuProcess? Of(int id) => StartOf(id) is { } ticks ? new QemuProcess(id, ticks) : null;

    /// <summary>Whether it lives.</summary>
    public bool IsAlive => StartOf(Id) == StartTicks;

    /// <summary>Ends it at once.</summary>
    public void Kill()
    {
        if (IsAlive)
            Posix.Kill(Id);
    }

    // Not in --clear-groups' place where KVM is used: the device belongs to a group.
    private static IEnumerable<string> AsUser(uint? user, bool kvm, bool lowPorts)
    {
        if (user is not { } id)
            return [];
        var number = id.ToString(CultureInfo.InvariantCulture);
        var groups = kvm && Posix.GroupOf("/dev/kvm") is { } group
            ? $"--groups={group.ToString(CultureInfo.InvariantCulture)}" : "--clear-groups";
        // The one right that a machine's user may need: SSH at port 22 of its own loopback address.
        var rights = lowPorts ? "-all,+net_bind_service" : "-all";
        return [$"--reuid={number}", $"--regid={number}", groups, $"--bounding-set={rights}", $"--inh-caps={rights}",
            $"--ambient-caps={rights}"];
    }

    private static uint? OwnerOf(string entry)
    {
        try
        {
            return Posix.OwnerOf(entry);
        }
        catch (IOException)
        {
            // It has ended meanwhile.
            return null;
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    // proc(5): the 22nd field, counted from behind the name, which may hold anything. A zombie is dead when no thread
    // of it (the 20th) is left: until then it has its sockets.
    private static long? StartOf(int id)
    {
        var text = Encoding.UTF8.GetString(Read($"/proc/{id}/stat"));
        var fields = text[(text.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 19 && (fields[0] is not ("Z" or "X") || fields[17] is not ("0" or "1"))
            && long.TryParse(fields[19], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) ? ticks : null;
    }

    private static byte[] Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
