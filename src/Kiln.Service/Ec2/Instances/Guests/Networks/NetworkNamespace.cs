using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Kiln.Service.Ec2.Instances.Guests.Networks;

/// <summary>A network namespace of Linux by its name, as <c>ip netns</c> keeps them.</summary>
/// <param name="Name">The name, which is also a file's.</param>
internal sealed partial record NetworkNamespace(string Name)
{
    private const string Folder = "/run/netns";
    private const int CloneNewNet = 0x40000000;
    private const int SolSocket = 1, SoBindToDevice = 25;

    // A command is a handful of netlink messages; one that takes longer hangs.
    private static readonly TimeSpan CommandMax = TimeSpan.FromSeconds(10);

    /// <summary>The file that stands for it.</summary>
    public string Path => System.IO.Path.Combine(Folder, Name);

    /// <summary>Whether it is there.</summary>
    public bool Exists => File.Exists(Path);

    /// <summary>Those whose names begin so.</summary>
    public static IReadOnlyList<NetworkNamespace> Beginning(string prefix) => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, prefix + "*")
            .Select(f => new NetworkNamespace(System.IO.Path.GetFileName(f)))]
        : [];

    /// <summary>Makes it where it is not there.</summary>
    /// <exception cref="IOException">This process may not, or <c>ip</c> is missing.</exception>
    public Task Make(TimeProvider wall, CancellationToken cancel) =>
        Exists ? Task.CompletedTask : Run(["ip", "netns", "add", Name], "", wall, cancel);

    /// <summary>Removes it, with everything in it.</summary>
    public Task Remove(TimeProvider wall, CancellationToken cancel) =>
        Exists ? Run(["ip", "netns", "delete", Name], "", wall, cancel) : Task.CompletedTask;

    /// <summary>Runs a shell's script in it, which ends at its first failure; answers what it wrote.</summary>
    /// <exception cref="IOException">It failed, with what it said.</exception>
    public Task<string> Shell(string script, TimeProvider wall, CancellationToken cancel) =>
        Run(["ip", "netns", "exec", Name, "/bin/sh", "-e"], script, wall, cancel);

    /// <summary>Loads rules of the firewall in it.</summary>
    /// <exception cref="IOException">They are refused, or <c>nft</c> is missing.</exception>
    public Task Filter(string rules, TimeProvider wall, CancellationToken cancel) =>
        Run(["ip", "netns", "exec", Name, "nft", "-f", "-"], rules, wall, cancel);

    /// <summary>A socket that lives in it, bound to a device and an address.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public Socket Bound(string device, SocketType type, IPEndPoint address) => Socket(type, socket =>
    {
        socket.SetRawSocketOption(SolSocket, SoBindToDevice, System.Text.Encoding.ASCII.GetBytes(device + "\0"));
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.EnableBroadcast = type == SocketType.Dgram;
        socket.Bind(address);
    });

    /// <summary>A TCP socket that lives in it, to be connected.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    public Socket Stream() => Socket(SocketType.Stream, _ => { });

    private Socket Socket(SocketType type, Action<Socket> prepare)
    {
        Socket? made = null;
        Exception? failed = null;
        // A socket belongs to the namespace of the thread that makes it. This thread enters, and ends.
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle(Path);
                if (SetNs((int)file.DangerousGetHandle(), CloneNewNet) != 0)
                    throw new IOException(new Win32Exception(Marshal.GetLastPInvokeError()).Message);
                made = new Socket(AddressFamily.InterNetwork, type,
                    type == SocketType.Dgram ? ProtocolType.Udp : ProtocolType.Tcp);
                prepare(made);
            }
            catch (Exception failure) when (failure is IOException or SocketException or UnauthorizedAccessException)
            {
                failed = failure;
            }
        });
        thread.Start();
        thread.Join();
        if (failed is null)
            return made!;
        made?.Dispose();
        throw new IOException($"A socket in {Name} could not be made: {failed.Message}", failed);
    }

    private static async Task<string> Run(
        IReadOnlyList<string> command, string input, TimeProvider wall, CancellationToken cancel)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        using var limit = new CancellationTokenSource(CommandMax, wall);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancel);
        Process? process = null;
        try
        {
            process = Process.Start(start)!;
            await process.StandardInput.WriteAsync(input.AsMemory(), both.Token);
            process.StandardInput.Close();
            var said = process.StandardOutput.ReadToEndAsync(both.Token);
            var complained = process.StandardError.ReadToEndAsync(both.Token);
            await process.WaitForExitAsync(both.Token);
            return process.ExitCode == 0 ? await said : throw new IOException(
                $"{string.Join(' ', command)} failed: {(await complained).Trim().ReplaceLineEndings(" ")}");
        }
        catch (Win32Exception missing)
        {
            throw new IOException($"{command[0]} cannot be run: {missing.Message}", missing);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new IOException($"{string.Join(' ', command)} took too long.");
        }
        finally
        {
            // One that was given up must not change the namespace later.
            if (process is { HasExited: false })
                process.Kill(entireProcessTree: true);
            process?.Dispose();
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNs(int file, int kind);
}
